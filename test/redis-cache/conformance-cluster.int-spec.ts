import { RedisCluster } from '@test/support/index.js';
import { backendConformance } from './backend-conformance.js';

backendConformance('a Cluster of three masters', async () => {
  const cluster = await RedisCluster.start({ masters: 3 });
  return { options: { connection: { clusterNodes: cluster.addresses } }, stop: () => cluster.stop() };
});

backendConformance("a Cluster of three masters through the user's client with a key prefix", async () => {
  const cluster = await RedisCluster.start({ masters: 3, node: { password: 's3cret' } });
  const client = cluster.client({ redisOptions: { keyPrefix: 'tenant:' } });
  return { options: { connection: { client } }, stop: () => cluster.stop() };
});
