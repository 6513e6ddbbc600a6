/** Everything that test suites use: `import { RedisServer, until } from './support/index.js'`. */
export { BusyClients, type BusyRequest, WAITS_AT_END } from './busy-clients.js';
export { CHROMIUM_ARGS, chromiumBinary } from './chromium.js';
export { CutProxy } from './cut-proxy.js';
export { freePort } from './free-port.js';
export { MessagesApi } from './messages-api/messages-api.js';
export { MovingName } from './moving-name.js';
export { ManagedProcess, type ExitStatus } from './managed-process.js';
export { rawPing } from './raw-ping.js';
export { redisBinary } from './redis-binary.js';
export type { RedisServerOptions } from './redis-args.js';
export { RedisCluster, type RedisClusterOptions } from './redis-cluster.js';
export { RedisSentinels, type RedisSentinelsOptions } from './redis-sentinel.js';
export { RedisServer } from './redis-server.js';
export { SlotMigration } from './slot-migration.js';
export { spawnNode, type SpawnNodeOptions } from './spawn-node.js';
export { Stopwatch } from './stopwatch.js';
export { until, within } from './until.js';
