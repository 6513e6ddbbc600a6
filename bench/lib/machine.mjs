import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { redisBinary } from './redis-server.mjs';

/** Describes the machine and the versions that the numbers depend on. */
export function machineFacts(contenders) {
  return {
    at: new Date().toISOString(),
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.versions.node,
    redis: redisBinary().version,
    loadAtStart: loadavg()[0],
    versions: Object.fromEntries(contenders.map(({ name, version }) => [name, version()])),
  };
}
