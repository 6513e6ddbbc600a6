import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RedisServer, spawnNode } from './support/index.js';

const RUN = resolve('scripts/run-example.mjs');
const EXAMPLES = readdirSync('examples').filter((name) => name.endsWith('.ts'));
const OUTPUT = /^\/\/ Output:\n((?:\/\/ .*\n)+)$/m;

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

function promisedBy(file: string): string {
  const [, lines = ''] = OUTPUT.exec(readFileSync(`examples/${file}`, 'utf8')) ?? [];
  return lines.replaceAll(/^\/\/ /gm, '').trimEnd();
}

it.each(EXAMPLES)('%s prints what it says at its end, and ends', async (file) => {
  await redis.client().flushall();
  const program = spawnNode(RUN, {
    args: [file.slice(0, -'.ts'.length)],
    env: { REDIS_URL: redis.url, NO_COLOR: '1' },
  });
  expect({ ...(await program.exited), stderr: program.stderr }).toMatchObject({ code: 0 });
  expect(promisedBy(file)).not.toBe('');
  expect(program.stdout.trimEnd()).toBe(promisedBy(file));
});

it('the list of examples links to each of them', () => {
  const list = readFileSync('examples/README.md', 'utf8');
  expect(EXAMPLES.filter((file) => !list.includes(`](${file})`))).toEqual([]);
});
