/** The contenders, in the order of their turns. To add one, see ../README.md. */
import { pathToFileURL } from 'node:url';
import { bullmq } from './bullmq.mjs';
import { ioredis } from './ioredis.mjs';
import { lruCache } from './lru-cache.mjs';
import { buildOfTheLibrary } from './nestjs-redis-cache.mjs';
import { peers } from './peers.mjs';

const subject = buildOfTheLibrary({
  name: 'nestjs-redis-cache',
  role: 'subject',
  // The engine without Nest, as the others are without it.
  entry: new URL('../../libs/redis-cache/dist/core.js', import.meta.url),
});

/** Other builds as comma-separated `name=path`, so that a change can be measured against the build before it. */
const otherBuilds = (process.env.BENCH_OTHER_BUILDS ?? '')
  .split(',')
  .filter(Boolean)
  .map((text) => text.split('='))
  .map(([name, path]) => buildOfTheLibrary({ name, role: 'peer', entry: pathToFileURL(path) }));

/** @type {import('./contender').Contender[]} */
export const contenders = [ioredis, lruCache, bullmq, subject, ...otherBuilds, ...peers];
