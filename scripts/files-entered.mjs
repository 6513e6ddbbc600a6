/**
 * Counts the files of this repository that one request enters in a running gateway: a near hit, a hit from Redis and a
 * miss. V8 counts the calls of each function (precise coverage); a file is entered if one of its functions was called
 * between the request and its response. Each request is repeated with warm code. The counts vary because the gateway's
 * timers may fire in between. Needs a build and a Redis server on the PATH.
 *
 *   node scripts/files-entered.mjs [--root <folder>] [--list]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startRedis } from '../bench/lib/redis-server.mjs';

const PROBE = fileURLToPath(new URL('./coverage-probe.mjs', import.meta.url));
const LISTENING = /^Listening on (\S+)/;
const WARM_UP = 20;
const REQUESTS = 9;

const { values } = parseArgs({
  options: { root: { type: 'string', default: '.' }, list: { type: 'boolean', default: false } },
});
const root = resolve(values.root);
const main = ['apps/gateway/dist/main.js', 'apps/demo/dist/main.js']
  .map((path) => join(root, path))
  .find((path) => existsSync(path));
if (!main) throw new Error(`There is no built gateway in ${root}; run: npm run build`);

const REPEATED = () => 'a repeated question';

const redis = await startRedis();
try {
  await withGateway({ REDIS_URL: redis.url, CACHE_NEAR: 'true' }, async (gateway) => {
    await report('near hit', gateway, REPEATED);
    await report('miss', gateway, (number) => `question ${number}`);
  });
  await withGateway({ REDIS_URL: redis.url, CACHE_NEAR: 'false' }, async (gateway) => {
    await report('Redis hit', gateway, REPEATED);
    // The first gateway stored these: this process has seen neither the request nor its key.
    await report('Redis hit of a request new to the process', gateway, (number) => `question ${number}`);
  });
} finally {
  await redis.end();
}

async function withGateway(env, measure) {
  const child = fork(main, {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: '0', SHUTDOWN_GRACE_MS: '0', ...env },
    execArgv: ['--import', PROBE],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  try {
    await measure({ child, url: await listeningUrl(child) });
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function listeningUrl(child) {
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const [, url] = LISTENING.exec(line) ?? [];
    // Its log is read and discarded, because a full pipe would stop the gateway.
    if (url) return child.stdout.resume() && url;
  }
  throw new Error('The gateway ended before it listened');
}

/** Returns the files of this repository that were entered since the last call. */
async function take({ child }) {
  child.send('take');
  const [urls] = await once(child, 'message');
  const ours = [pathToFileURL(join(root, 'libs')).href, pathToFileURL(join(root, 'apps')).href];
  return urls
    .filter((url) => ours.some((start) => url.startsWith(`${start}/`)))
    .map((url) => fileURLToPath(url).slice(root.length + 1));
}

async function report(name, gateway, promptOf) {
  for (let number = 0; number < WARM_UP; number += 1) await ask(gateway, promptOf(number));
  const taken = [];
  for (let number = WARM_UP; number < WARM_UP + REQUESTS; number += 1) {
    await take(gateway);
    await ask(gateway, promptOf(number));
    taken.push(await take(gateway));
  }
  const counts = taken.map((files) => files.length).toSorted((a, b) => a - b);
  console.log(`${name}: ${counts[0]} to ${counts.at(-1)} files, median ${counts[counts.length >> 1]}`);
  if (values.list)
    console.log(
      taken
        .find((files) => files.length === counts[0])
        .toSorted()
        .join('\n'),
    );
}

async function ask({ url }, prompt) {
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`The gateway returned ${response.status}: ${text}`);
}
