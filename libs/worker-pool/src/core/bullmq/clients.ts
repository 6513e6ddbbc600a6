import type { Command } from 'ioredis';
import {
  createClient,
  type FailoverWatch,
  hastyPolicy,
  patientPolicy,
  type RedisClient,
} from 'nestjs-redis-connection';
import { InvalidPoolOptionsError } from '../contract/errors.js';
import type { ResolvedBullmqOptions } from '../options/pool-options.js';
import type { FaultLog } from './fault-log.js';

/** The optional packages that this driver needs. */
export interface Packages {
  bullmq: Pick<typeof import('bullmq'), 'Queue' | 'QueueEvents' | 'WaitingError' | 'Worker'>;
  ioredis: Pick<typeof import('ioredis'), 'Cluster' | 'Redis' | 'SentinelConnector'>;
}

/**
 * Loads the packages late, because users of the `local` driver need not install them.
 *
 * @throws {InvalidPoolOptionsError} they are not installed
 */
export async function loadPackages(): Promise<Packages> {
  try {
    const [bullmq, ioredis] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, ioredis };
  } catch (cause) {
    const problem = 'needs the packages bullmq and ioredis: npm install bullmq ioredis';
    throw new InvalidPoolOptionsError('driver', problem, { cause });
  }
}

/** What the clients of one pool share. */
export interface SharedByClients {
  faults: FaultLog;
  /** Replaces all their connections when one of them finds the server to be read-only. */
  watch: FailoverWatch;
}

const POLICIES = { hasty: hastyPolicy, patient: patientPolicy };

/** Opens a client. It starts to connect immediately and never stops trying; nothing waits for it. */
export function openClient(
  { ioredis }: Packages,
  options: ResolvedBullmqOptions,
  policy: keyof typeof POLICIES,
  { faults, watch }: SharedByClients,
): RedisClient {
  const client = createClient(ioredis, options.connection, POLICIES[policy](options), watch);
  // Without a listener an outage would end the process.
  client.on('error', faults.report);
  return client;
}

/**
 * Collects the copies that BullMQ makes of a client for blocking commands: BullMQ cannot close a copy that is
 * reconnecting, so it would reconnect forever.
 */
export function collectCopies(client: RedisClient): RedisClient[] {
  const copies: RedisClient[] = [];
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => RedisClient;
  const duplicateAndCollect = (...args: unknown[]): RedisClient => {
    const copy = allowUnreadReplies(duplicate(...args));
    copies.push(copy);
    return copy;
  };
  Object.assign(allowUnreadReplies(client), { duplicate: duplicateAndCollect });
  return copies;
}

/**
 * When BullMQ closes, it no longer reads the replies of some blocking commands. If their connection ends first, their
 * rejections, which nobody handles, would end the process.
 */
function allowUnreadReplies(client: RedisClient): RedisClient {
  const sendCommand = client.sendCommand.bind(client) as (...args: unknown[]) => unknown;
  const sendAndIgnore = (command: Command, ...rest: unknown[]): unknown => {
    (command.promise as Promise<unknown>).catch(() => {});
    return sendCommand(command, ...rest);
  };
  return Object.assign(client, { sendCommand: sendAndIgnore });
}
