import type { RedisClient } from './open-client.js';

/**
 * Ends a client for good, whatever it is doing, and with it the commands that wait in it.
 *
 * Between two attempts to connect, ioredis has no socket whose closing would end them: `disconnect()` alone leaves
 * them pending, and BullMQ, which watches each for seconds, keeps the process alive meanwhile. Hence an attempt that
 * is broken off at once; where there is a socket it is refused, and changes nothing. Not on a Cluster: there BullMQ
 * would take the attempt for one to go on with.
 */
export function endClient(client: RedisClient): void {
  if (!client.isCluster) {
    client.connect().catch(() => {});
  }
  client.disconnect();
}
