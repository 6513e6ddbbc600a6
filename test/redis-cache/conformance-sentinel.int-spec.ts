import { RedisSentinels } from '@test/support/index.js';
import { backendConformance } from './backend-conformance.js';

backendConformance('a master behind Sentinels', async () => {
  const setUp = await RedisSentinels.start({ password: 's3cret' });
  const { sentinels, masterName: sentinelName } = setUp;
  const connection = { sentinels, sentinelName, password: 's3cret' };
  return { options: { connection }, stop: () => setUp.stop() };
});
