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
