/** Preloaded by files-entered.mjs: replies to each message with the URLs of scripts entered since the last one. */
import { Session } from 'node:inspector/promises';
import { isMainThread } from 'node:worker_threads';

// Worker threads inherit the preload; their files do not belong to the request's path.
if (isMainThread) await countCalls();

async function countCalls() {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

  process.on('message', async () => {
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const entered = result.filter(({ functions }) =>
      functions.some(({ ranges: [whole] }) => whole.count > 0),
    );
    process.send(entered.map(({ url }) => url));
  });
  process.on('disconnect', () => process.exit());
  process.channel.unref();
}
