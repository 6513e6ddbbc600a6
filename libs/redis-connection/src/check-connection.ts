import { z } from 'zod';
import { connectionShape, type RedisConnectionOptions } from './connection-options.js';
import {
  type Conflict,
  IOREDIS_NAMES,
  mergeUnchecked,
  type MergedConnection,
  type SharedField,
} from './merge-connection.js';
import { optionsObject } from './option-schema.js';

/** What is wrong with an option; `problem` completes a sentence that begins with the path. */
export interface ConnectionProblem {
  path: string[];
  problem: string;
}

type Options = RedisConnectionOptions & { client?: unknown };

const TARGETS = ['client', 'clusterNodes', 'sentinels', 'url', 'path', 'host'] as const;

/** Options of ioredis that this library sets, with the option that replaces them. */
const FIXED: Record<string, string | undefined> = {
  connectTimeout: 'connectTimeoutMs',
  commandTimeout: 'commandTimeoutMs',
  disconnectTimeout: undefined,
  retryStrategy: undefined,
  reconnectOnError: undefined,
  sentinelRetryStrategy: undefined,
  enableOfflineQueue: undefined,
  autoResendUnfulfilledCommands: undefined,
  maxRetriesPerRequest: undefined,
  lazyConnect: undefined,
  replyMapping: undefined,
};
const FIXED_ON_CLUSTER: Record<string, string | undefined> = {
  enableOfflineQueue: undefined,
  clusterRetryStrategy: undefined,
  lazyConnect: undefined,
  redisOptions: 'redisOptions',
};

/** Refuses options that contradict each other or would have no effect. `client` is a field that only some schemas have. */
export function checkConnection(options: Options, context: z.core.$RefinementCtx): void {
  for (const { path, problem } of connectionProblems(options)) {
    context.addIssue({ code: 'custom', path, message: problem });
  }
}

export const connectionSchema: z.ZodType<RedisConnectionOptions, RedisConnectionOptions> =
  optionsObject(connectionShape).superRefine(checkConnection);

/** Returns what is wrong with options that are each valid. */
export function connectionProblems(options: Options): ConnectionProblem[] {
  if (options.client !== undefined) return besideClient(options);
  const merged = mergeUnchecked(withObjects(options));
  return [
    ...invalidValues(options),
    ...targetProblems(options, merged),
    ...merged.conflicts.map(describeConflict),
    ...withoutEffect(merged),
    ...fixedIn('redisOptions', options.redisOptions, FIXED),
    ...fixedIn('clusterOptions', options.clusterOptions, FIXED_ON_CLUSTER),
  ];
}

// A wrong type is reported by its own schema.
function withObjects(options: Options): RedisConnectionOptions {
  const { client: _client, redisOptions, ...rest } = options;
  return { ...rest, redisOptions: typeof redisOptions === 'object' ? redisOptions : {} };
}

function besideClient(options: Options): ConnectionProblem[] {
  const others = Object.entries(options).filter(([name, value]) => name !== 'client' && value !== undefined);
  return others.map(([name]) => ({ path: [name], problem: 'cannot be combined with client' }));
}

function invalidValues({ redisOptions }: Options): ConnectionProblem[] {
  return (Object.keys(IOREDIS_NAMES) as SharedField[]).flatMap((field) => {
    const name = IOREDIS_NAMES[field];
    const value = (Object(redisOptions) as Record<string, unknown>)[name] ?? undefined;
    const issues = z.safeParse(connectionShape[field], value).error?.issues ?? [];
    return issues.map(({ path, message }) => ({
      path: ['redisOptions', name, ...path.map(String)],
      problem: message,
    }));
  });
}

function targetProblems(options: Options, { merged, sources }: MergedConnection): ConnectionProblem[] {
  const given = TARGETS.filter((target) => {
    if (target === 'client' || target === 'clusterNodes' || target === 'url')
      return options[target] !== undefined;
    return merged[target] !== undefined && sources.get(target) !== 'url';
  });
  const [first, second] = given;
  if (first === undefined || second === undefined) return [];
  return [
    { path: pathOf(second, sources), problem: `cannot be combined with ${pathOf(first, sources).join('.')}` },
  ];
}

function withoutEffect({ merged, sources }: MergedConnection): ConnectionProblem[] {
  const { clusterNodes, sentinels, path } = merged;
  const portless =
    (clusterNodes && 'clusterNodes') ?? (sentinels && 'sentinels') ?? (path && 'a unix socket');
  const problems: [string, boolean, string][] = [
    ['sentinelName', Boolean(sentinels) && !merged.sentinelName, 'is needed with sentinels'],
    ['sentinels', !sentinels && Boolean(merged.sentinelName ?? merged.sentinelPassword), NEEDED_FOR_SENTINEL],
    ['clusterNodes', !clusterNodes && merged.clusterOptions !== undefined, 'is needed with clusterOptions'],
    ['db', Boolean(clusterNodes && merged.db), 'cannot be chosen on a Cluster'],
    ['port', Boolean(merged.port && portless), `cannot be combined with ${portless}`],
  ];
  return problems
    .filter(([, isWrong]) => isWrong)
    .map(([field, , problem]) => ({ path: pathOf(field, sources), problem }));
}

const NEEDED_FOR_SENTINEL = 'is needed with sentinelName or sentinelPassword';

function describeConflict({ field, source, than }: Conflict): ConnectionProblem {
  const other = than === 'url' ? 'in url' : field;
  if (source === 'url') return { path: [field], problem: 'must be the same as in url' };
  return { path: ['redisOptions', IOREDIS_NAMES[field]], problem: `must be the same as ${other}` };
}

function fixedIn(
  group: 'redisOptions' | 'clusterOptions',
  given: object | undefined,
  fixed: Record<string, string | undefined>,
): ConnectionProblem[] {
  const names = Object.entries(Object(given)).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return names
    .filter((name) => Object.hasOwn(fixed, name))
    .map((name) => ({ path: [group, name], problem: fixedProblem(fixed[name]) }));
}

function fixedProblem(replacement: string | undefined): string {
  if (replacement !== undefined) return `cannot be set here: set ${replacement}`;
  return 'cannot be set: the promises of this library depend on it';
}

function pathOf(field: string, sources: MergedConnection['sources']): string[] {
  const isFromRedisOptions = sources.get(field as SharedField) === 'redisOptions';
  return isFromRedisOptions ? ['redisOptions', IOREDIS_NAMES[field as SharedField]] : [field];
}
