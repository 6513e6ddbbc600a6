import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import ts from 'typescript';
import { RedisServer, spawnNode } from './support/index.js';

const SNIPPET = /^```ts\n(.*?)^```/gms;
const IMPORTED = /from '([^']+)'/g;
const PRINTED = /^\s*console\.log\(.*\);(?: \/\/ (.*))?$/gm;
/** Modules that a script may import and still run without an application. */
const STANDALONE = /^(node:.*|keyv|nestjs-redis-cache(\/(core|keyv|testing))?)$/;
const DEFAULT_URL = 'redis://localhost:6379';

/** The example that each page opens with; not those that need an application or a model around them. */
const EXAMPLES = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => [name, [...readFileSync(`docs/${name}`, 'utf8').matchAll(SNIPPET)][0]?.[1] ?? ''] as const)
  .filter(([, code]) => {
    const imported = [...code.matchAll(IMPORTED)].map(([, module]) => module!);
    return imported.length > 0 && imported.every((module) => STANDALONE.test(module));
  });

let redis: RedisServer;
let folder: string;

beforeAll(async () => {
  redis = await RedisServer.start();
  // Within the workspace, so that the packages are found as a user would find them.
  mkdirSync('node_modules/.cache', { recursive: true });
  folder = mkdtempSync(resolve('node_modules/.cache/examples-'));
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await redis?.stop();
});

/** The output that the comments after `console.log` promise, line by line; `undefined` without a comment. */
function promisedBy(code: string): (string | undefined)[] {
  return [...code.matchAll(PRINTED)].map(([, comment]) => comment);
}

it('there are examples to run', () => {
  expect(EXAMPLES.map(([name]) => name)).toEqual(
    expect.arrayContaining([
      'single-flight.md',
      'stale.md',
      'near-cache.md',
      'failures.md',
      'keyv.md',
      'testing.md',
    ]),
  );
});

it.each(EXAMPLES)('the example of %s runs, and prints what it says', async (name, code) => {
  const { outputText } = ts.transpileModule(code.replaceAll(DEFAULT_URL, redis.url), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const script = join(folder, `${name}.mjs`);
  writeFileSync(script, outputText);
  const child = spawnNode(script, { env: { NO_COLOR: '1' } });
  expect({ ...(await child.exited), stderr: child.stderr }).toMatchObject({ code: 0 });
  // The output of an example that waits for a time depends on the machine.
  if (code.includes('setTimeout')) return;
  const printed = child.stdout.split('\n');
  const promised = promisedBy(code).map((comment, index) => comment ?? printed[index]);
  expect(promised.length).toBeGreaterThan(0);
  expect(printed).toEqual(expect.arrayContaining(promised.filter((line) => !line!.startsWith('what '))));
});
