import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const REQUESTS = 40;
let redis: RedisServer;
let gateways: Gateway[];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-collapsed-'));
  redis = await RedisServer.start();
  const env = {
    REDIS_URL: redis.url,
    WORKER_EXECUTOR: 'claude-cli',
    CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
  };
  gateways = await Promise.all([startGateway(env), startGateway(env)]);
});

afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

it('two API processes compute forty equal requests once', async () => {
  const gate = join(folder, 'gate');
  const body = { prompt: `[[fake-claude gate ${gate}]]` };
  const answers = Promise.all(
    Array.from({ length: REQUESTS }, (_, index) => gateways[index % 2]!.post('/v1/completions', body)),
  );
  await until(() => readFile(gate), { what: 'the CLI to be at work' });
  await rm(gate);
  await writeFile(`${gate}.go`, '');

  const statuses = (await answers).map((answer) => answer.headers.get('cache-status'));
  const bodies = await Promise.all(
    (await answers).map((answer) => answer.json() as Promise<{ cost: number }>),
  );
  expect(statuses.filter((status) => status === 'redis-cache; fwd=miss; stored')).toHaveLength(1);
  // A request that arrives late finds the stored answer.
  expect(statuses.filter((status) => /; (collapsed|hit)/.test(status ?? ''))).toHaveLength(REQUESTS - 1);
  expect(bodies.filter(({ cost }) => cost > 0)).toHaveLength(1);
  expect(new Set(bodies.map((one) => Object.keys(one).join())).size).toBe(1);
  // A second run of the CLI would have reported another process id.
  await expect(readFile(gate)).rejects.toThrow('ENOENT');
});

it('a failure of the executor is the same failure in both, with its status', async () => {
  const body = { prompt: '[[fake-claude garbage]]' };
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, (_, index) => gateways[index % 2]!.post('/v1/completions', body)),
  );
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([502]));
});
