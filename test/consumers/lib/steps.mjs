import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, node, run } from './commands.mjs';
import { startApplication, startRedis } from './servers.mjs';
import { typeVersions } from './type-versions.mjs';

/** Each takes the folder of an installed application and rejects if something does not work. */
export const STEPS = {
  types: ({ folder }) => bin(folder, 'tsc', ['--noEmit', '-p', 'tsconfig.json']),
  typeVersions,
  unit: ({ folder, isModule }) => (isModule ? bin(folder, 'vitest', ['run']) : bin(folder, 'jest', ['--ci'])),
  e2e,
  build: ({ folder }) => bin(folder, 'nest', ['build', '--builder', 'tsc']),
  swc: ({ folder }) => bin(folder, 'nest', ['build', '--builder', 'swc']),
  webpack: ({ folder }) => bin(folder, 'nest', ['build', '--builder', 'webpack']),
  start: (application) => serve(application, 'main.js'),
  fastify: (application) => serve(application, 'main.fastify.js'),
  pool: (application) => serve(application, 'main.js', { WORKER_POOL: 'bullmq' }),
  sameClasses,
  nodes,
  bare,
  keyvTests,
};

async function e2e({ folder, isModule }) {
  const redis = await startRedis();
  const [program, ...args] = isModule
    ? ['vitest', 'run', '--config', './vitest.config.e2e.ts']
    : ['jest', '--ci', '--config', './test/jest-e2e.json'];
  await bin(folder, program, args, { REDIS_URL: redis.url });
  await redis.stop();
}

/** Starts the built application, uses it with Redis and without, and ends it. */
async function serve({ folder, versions, program }, file, env = {}) {
  const redis = await startRedis();
  const app = await startApplication(folder, [join('dist', file)], { ...env, REDIS_URL: redis.url }, program);
  const get = async (path) => {
    const response = await fetch(app.url + path, { signal: AbortSignal.timeout(60_000) });
    return {
      status: response.status,
      cache: response.headers.get('cache-status'),
      body: await response.json(),
    };
  };
  const first = await get('/articles/1');
  assert.equal(first.status, 200);
  assert.match(first.cache, /fwd=miss; stored/);
  const second = await get('/articles/1');
  assert.deepEqual(second.body, first.body);
  assert.match(second.cache, /hit/);
  const text = encodeURIComponent('A cache keeps answers. An answer costs money once.');
  assert.equal((await get(`/articles/summary?text=${text}`)).body.status, 'miss');
  assert.equal((await get(`/articles/summary?text=${text}`)).body.status, 'hit');
  assertHealth(await get('/health'), { redis: 'up', pool: 'up', state: 'serving' });
  await assertLimited(get, [1, 1]);

  await redis.stop();
  assert.equal((await get('/articles/2')).status, 200);
  // Terminus 11 has no such status, and would leave the check out.
  const degraded = versions['@nestjs/terminus'].startsWith('11.') ? 'up' : 'degraded';
  const pool = env.WORKER_POOL === 'bullmq' ? 'down' : 'up';
  assertHealth(await get('/health'), { redis: degraded, pool, state: 'unavailable' });
  await assertLimited(get, [2, 3]);
  await app.stop();
}

/** What cache-manager returns for the calls that the throttler allows; it refuses the next one. */
async function assertLimited(get, loads) {
  for (const expected of loads) assert.deepEqual((await get('/limited')).body, { loads: expected });
  assert.equal((await get('/limited')).status, 429);
}

function assertHealth({ status, body }, { redis, pool, state }) {
  assert.equal(status, pool === 'down' ? 503 : 200, JSON.stringify(body));
  assert.equal(body.details.redis.status, redis);
  assert.equal(body.details.redis.state, state);
  assert.equal(body.details.pool.status, pool);
}

/** Loads every entry with `import` and with `require`, and compares all that they export. */
async function sameClasses({ folder, program = process.execPath }) {
  writeFileSync(join(folder, 'same-classes.mjs'), SAME_CLASSES);
  await run(folder, program, ['same-classes.mjs', ...entriesOf(folder)]);
}

/** Starts and loads what this Node has built with the other versions of Node. */
async function nodes(application) {
  for (const [version, program] of Object.entries(application.nodes)) {
    try {
      await serve({ ...application, program }, 'main.js');
      await sameClasses({ ...application, program });
    } catch (error) {
      throw new Error(`With Node ${version}: ${error.message}`, { cause: error });
    }
  }
}

const SAME_CLASSES = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
for (const entry of process.argv.slice(2)) {
  const [imported, required] = [await import(entry), require(entry)];
  const names = Object.keys(imported).filter((name) => name !== 'default' && name !== 'module.exports');
  if (names.length === 0) throw new Error(entry + ' exports nothing');
  const different = names.filter((name) => imported[name] !== required[name]);
  if (different.length > 0) throw new Error(entry + ' has two of ' + different);
}
`;

export function entriesOf(folder) {
  return ['nestjs-redis-cache', 'nestjs-worker-pool'].flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
    return Object.keys(exports)
      .filter((key) => key !== './package.json')
      .map((key) => join(name, key));
  });
}

async function keyvTests({ folder }) {
  const redis = await startRedis();
  const output = await bin(folder, 'vitest', ['run'], { REDIS_URL: redis.url, NO_COLOR: '1' });
  await redis.stop();
  assert.match(output, /Tests +[1-9]\d+ passed/);
}

async function bare({ folder }) {
  for (const absent of [
    '@nestjs/config',
    '@nestjs/terminus',
    'zod',
    'lru-cache',
    'nestjs-redis-connection',
  ]) {
    assert.ok(!existsSync(join(folder, 'node_modules', absent)), `${absent} is installed`);
  }
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--strict',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
  ];
  const decorators = [
    '--experimentalDecorators',
    '--emitDecoratorMetadata',
    '--outDir',
    'dist',
    '--rootDir',
    '.',
  ];
  await bin(folder, 'tsc', ['main.ts', ...options, ...decorators]);
  const redis = await startRedis();
  const [result, needsConfig] = (await node(folder, ['dist/main.js'], { REDIS_URL: redis.url }))
    .trim()
    .split('\n');
  await redis.stop();
  assert.deepEqual(JSON.parse(result), { numbers: [1, 1], status: 'up' });
  assert.match(needsConfig, /npm install @nestjs\/config/);
}
