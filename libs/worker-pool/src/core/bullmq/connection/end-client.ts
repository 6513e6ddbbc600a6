import type { Cluster, Redis } from 'ioredis';
import type { RedisClient } from './open-client.js';

/**
 * Ends a client for good, whatever it is doing, and with it the commands that wait in it.
 *
 * Between two attempts to connect, ioredis has no socket whose closing would end them: `disconnect()` alone leaves
 * them pending, and BullMQ, which waits for the end or watches each command for seconds, keeps the process alive
 * meanwhile. Hence one more attempt, which comes to an end.
 */
export function endClient(client: RedisClient): void {
  // What fails from now on is nobody's concern; ioredis prints what nobody listens to.
  client.on('error', () => {});
  if (client.isCluster) {
    endCluster(client as Cluster);
  } else {
    endRedis(client as Redis);
  }
}

// Broken off at once; where there is a socket it is refused, and changes nothing.
function endRedis(client: Redis): void {
  client.connect().catch(() => {});
  client.disconnect();
}

// An attempt that is broken off leaves a cluster's client in between: it has to fail, or to succeed.
function endCluster(client: Cluster): void {
  const isBetween = client.nodes().length === 0;
  client.options.clusterRetryStrategy = () => null;
  client.disconnect();
  if (isBetween && client.status !== 'end') {
    client.connect().then(
      () => client.disconnect(),
      () => {},
    );
  }
}
