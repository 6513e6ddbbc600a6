import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { codeOf } from './contract/subject.js';
import { QueuePools, untilWorkers } from './queue-pools.js';

const PASSWORD = 's3cret';
const RIGHTS = ['on', `>${PASSWORD}`, '~*', '&*', '+@all'];

let redis: RedisServer;
let lines: string[];
const logger = {
  warn: (line: string) => void lines.push(line),
  error: (line: string) => void lines.push(line),
};
const pools = new QueuePools(() => ({ url: redis.url }));

beforeAll(async () => {
  redis = await RedisServer.start();
});

beforeEach(async () => {
  lines = [];
  await redis.client().flushall();
});

afterEach(() => pools.closeAll());

afterAll(() => redis.stop());

describe('a database that cannot be selected', () => {
  it('is an unavailable queue, never database 0, and one log line', async () => {
    const { host, port } = redis;
    const { pool } = pools.make({ connection: { host, port, db: 99 }, commandTimeoutMs: 300, logger });
    for (let call = 0; call < 3; call += 1) {
      expect(await codeOf(pool.submit({ prompt: 'x' }))).toBe('ERR_POOL_UNAVAILABLE');
    }
    expect(await pool.health()).toMatchObject({ status: 'down' });
    expect(lines).toEqual([expect.stringMatching(/database 99 cannot be selected: .*out of range/)]);
    expect(await redis.client().dbsize()).toBe(0);
  });

  it('is used as soon as the user may select it', async () => {
    const { host, port } = redis;
    await redis.client().acl('SETUSER', 'later', ...RIGHTS, '-select');
    const connection = { host, port, db: 3, username: 'later', password: PASSWORD };
    const { pool, executor } = pools.make({ connection, commandTimeoutMs: 300, logger });
    await until(() => lines.length > 0, { what: 'the line that names the database' });
    await redis.client().acl('SETUSER', 'later', '+select');
    await untilWorkers(pool, 1);
    const run = pool.run({ prompt: 'x' });
    (await executor.call(0)).complete({ completion: 'done' });
    expect(await run).toMatchObject({ status: 'completed' });
    expect(lines).toEqual([expect.stringMatching(/database 3 cannot be selected: NOPERM/)]);
    expect(await redis.client().dbsize()).toBe(0);
  });
});

it('an error holds nothing of the request that could not be queued', async () => {
  const { host, port } = redis;
  await redis.client().acl('SETUSER', 'reader', ...RIGHTS, '-@scripting');
  const connection = { host, port, username: 'reader', password: PASSWORD };
  const { pool } = pools.make({ role: 'producer', connection, logger });
  const submitted = pool.submit({ prompt: 'private words' }, { deduplicationKey: 'private key' });
  const error = (await submitted.catch((thrown: unknown) => thrown)) as Error;
  expect(error).toHaveProperty('code', 'ERR_POOL_UNAVAILABLE');
  expect(error.cause).toHaveProperty('command', { name: 'eval', args: [] });
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('private');
});

it('a user without @dangerous can do everything; only the eviction policy stays unknown', async () => {
  const { host, port } = redis;
  await redis.client().acl('SETUSER', 'harmless', ...RIGHTS, '-@dangerous');
  const { pool, executor } = pools.make({
    connection: { host, port, username: 'harmless', password: PASSWORD },
  });
  await untilWorkers(pool, 1);
  const run = pool.run({ prompt: 'x' });
  (await executor.call(0)).complete({ completion: 'done' });
  expect(await run).toMatchObject({ status: 'completed' });
  expect(await pool.stats()).toMatchObject({ pending: 0 });
  expect(await pool.health()).toMatchObject({ status: 'up', warnings: [] });
});

it('a user that may do nothing is an unavailable queue with the reason, until it may', async () => {
  const { host, port } = redis;
  await redis.client().acl('SETUSER', 'tied', ...RIGHTS);
  const connection = { host, port, username: 'tied', password: PASSWORD };
  const { pool, executor } = pools.make({ connection, logger });
  await untilWorkers(pool, 1);
  await redis.client().acl('SETUSER', 'tied', '-@all');
  expect(await codeOf(pool.submit({ prompt: 'x' }))).toBe('ERR_POOL_UNAVAILABLE');
  expect(await pool.health()).toMatchObject({
    status: 'down',
    warnings: ["The queue's Redis refuses commands: its user lacks a right (NOPERM)."],
  });
  expect(lines).toContainEqual(expect.stringMatching(/NOPERM/));
  await redis.client().acl('SETUSER', 'tied', '+@all');
  await until(async () => (await pool.health()).status === 'up', { what: 'the pool to be up' });
  expect(await pool.health()).toMatchObject({ warnings: [] });
  const run = pool.run({ prompt: 'x' });
  (await executor.call(0)).complete({ completion: 'done' });
  expect(await run).toMatchObject({ status: 'completed' });
});

describe('a damaged record of a task', () => {
  const DAMAGED = { status: 'failed', error: { message: 'the record of the task is damaged' } };

  it.each<[string, (key: string) => Promise<unknown>]>([
    ['with a result that is cut off', (key) => redis.client().hset(key, 'returnvalue', '{"taskId":"')],
    ['with a result of another task', (key) => redis.client().hset(key, 'returnvalue', '{"taskId":"other"}')],
    ['with a stop that is cut off', (key) => redis.client().hset(key, 'pool:stop', '{"')],
    ['that is no hash', (key) => redis.client().set(key, 'text')],
  ])('%s, is a failed task, not an error', async (_how, damage) => {
    const queueName = 'damaged';
    const { pool, executor } = pools.make({ queueName });
    await untilWorkers(pool, 1);
    const taskId = await pool.submit({ prompt: 'x' });
    (await executor.call(0)).complete({ completion: 'done' });
    expect(await pool.getResult(taskId)).toMatchObject({ status: 'completed' });
    await damage(`{worker-pool}:${queueName}:${taskId}`);
    expect(await pool.getTask(taskId)).toMatchObject({ status: 'failed', result: DAMAGED });
    expect(await pool.getResult(taskId)).toMatchObject(DAMAGED);
    expect(await pool.stats()).toMatchObject({ pending: 0 });
  });
});
