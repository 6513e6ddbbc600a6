/** A value that comes in pieces: two readers share one computation, and the stored value is replayed afterwards. */
import { createRedisCache } from 'nestjs-redis-cache';

const cache = createRedisCache(
  { connection: { url: process.env['REDIS_URL'] } },
  { logger: { log() {}, warn() {} } },
);

async function* tell(): AsyncGenerator<string> {
  for (const word of ['Once', 'upon', 'a', 'time']) yield word;
}

const words = {
  collect: (pieces: readonly string[]): string => pieces.join(' '),
  replay: (story: string): string[] => story.split(' '),
};

async function read(): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of await cache.getOrStream('story', tell, words)) pieces.push(piece);
  return pieces.join('-');
}

console.log(await Promise.all([read(), read()]));
console.log(await cache.getCachedResponse('story'));
await cache.close();

// Output:
// [ 'Once-upon-a-time', 'Once-upon-a-time' ]
// Once upon a time
