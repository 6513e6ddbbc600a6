import { afterAll, describe, expect, it } from '@jest/globals';
import { InvalidPoolOptionsError, InvalidRequestError } from '../contract/errors.js';
import { createWorkerPool, loadWorkerPool } from '../create-worker-pool.js';
import { OfflineExecutor } from '../executors/offline/offline.executor.js';
import type { WorkerPool } from '../contract/worker-pool.js';

const DEAD = { host: '127.0.0.1', port: 1 };
const local = createWorkerPool({ executor: new OfflineExecutor() });
// No Redis is there: the options are refused before it is needed.
const bullmq = createWorkerPool({ executor: new OfflineExecutor(), driver: 'bullmq', connection: DEAD });

type Call = (pool: WorkerPool, options: never) => unknown;

const METHODS: [method: string, call: Call, typo: string, meant: string][] = [
  ['submit', (pool, options) => pool.submit({ prompt: 'p' }, options), 'timeout', 'timeoutMs'],
  ['run', (pool, options) => pool.run({ prompt: 'p' }, options), 'prio', 'priority'],
  ['stream', (pool, options) => pool.stream({ prompt: 'p' }, options), 'singal', 'signal'],
  ['getResult', (pool, options) => pool.getResult('id', options), 'timeout', 'timeoutMs'],
  ['watchTask', (pool, options) => first(pool.watchTask('id', options)), 'signals', 'signal'],
];

describe.each([
  ['local', local],
  ['bullmq', bullmq],
])('the options of a call of the %s pool', (_driver, pool) => {
  afterAll(() => pool.close());

  it.each(METHODS)(
    '%s refuses an unknown one and suggests what was meant',
    async (_name, call, typo, meant) => {
      const calling = (async () => call(pool, { [typo]: 5 } as never))();
      await expect(calling).rejects.toBeInstanceOf(InvalidRequestError);
      await expect(calling).rejects.toMatchObject({
        field: typo,
        message: expect.stringContaining(`did you mean ${meant}?`),
      });
    },
  );

  it.each(METHODS)('%s refuses what is not an object', async (_name, call) => {
    for (const wrong of [5_000, null, 'signal']) {
      const calling = (async () => call(pool, wrong as never))();
      await expect(calling).rejects.toMatchObject({ code: 'ERR_INVALID_REQUEST', field: 'options' });
    }
  });

  it('submit refuses a context that is nested too deeply', async () => {
    const context = JSON.parse(`${'['.repeat(2_001)}${']'.repeat(2_001)}`) as unknown;
    await expect(pool.submit({ prompt: 'p' }, { context })).rejects.toMatchObject({
      field: 'context',
      message: expect.stringContaining('is nested more than 2000 levels deep'),
    });
  });

  it('submit refuses the signal of run', async () => {
    const options = { signal: new AbortController().signal } as never;
    await expect(pool.submit({ prompt: 'p' }, options)).rejects.toMatchObject({ field: 'signal' });
  });
});

it('loadWorkerPool refuses an unknown option', async () => {
  const loading = loadWorkerPool({ executor: new OfflineExecutor() }, { startLater: true } as never);
  await expect(loading).rejects.toBeInstanceOf(InvalidPoolOptionsError);
  await expect(loading).rejects.toThrow('loading.startLater is not an option; did you mean startsLater?');
});

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}
