import { type EnvReader, isServiceLink, variables } from './connection-env.js';
import { connectionProblems } from './check-connection.js';
import { connectionShape, type RedisConnectionOptions } from './connection-options.js';

/**
 * Reads the options that are set. Of several targets the first counts: Cluster, Sentinels, URL, host. `REDIS_PORT`
 * belongs to `REDIS_HOST`; without it, it completes `REDIS_URL`. All others are merged; those that contradict each other are
 * reported by the name of the variable.
 */
export function connectionFromEnv(env: EnvReader): RedisConnectionOptions {
  const options = optionsOfTarget(env);
  // What a wrong value has left out would only cause contradictions that are not there.
  if (env.problems.length > 0) return options;
  for (const { path, problem } of connectionProblems(options)) {
    env.problems.push({ path: nameOf(path), problem });
  }
  return options;
}

function optionsOfTarget(env: EnvReader): RedisConnectionOptions {
  const { clusterNodes, sentinels, sentinelName, url, host, port, ...rest } = connectionShape;
  if (env.has(clusterNodes)) return env.read({ ...rest, clusterNodes });
  if (env.has(sentinels)) {
    const options = env.read({ ...rest, sentinels, sentinelName });
    env.require(sentinelName);
    return options;
  }
  if (!env.has(url)) return env.read({ ...rest, host, port });
  const link = env.text(port);
  const isOfUrl = link !== undefined && !env.has(host) && !isServiceLink(link);
  return env.read(isOfUrl ? { ...rest, url, port } : { ...rest, url });
}

function nameOf([field]: string[]): string {
  const schema = connectionShape[field as keyof typeof connectionShape];
  return variables.get(schema)?.name ?? field!;
}
