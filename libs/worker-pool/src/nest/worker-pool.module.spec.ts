import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type DynamicModule, Inject, Injectable, Logger, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { ControlledExecutor } from '../core/local/spec-support/controlled-executor.js';
import { WorkerPoolModule } from './worker-pool.module.js';
import type { WorkerPoolOptionsFactory } from './worker-pool.module.js';
import type { WorkerPoolOptions } from '../core/options/pool-options.js';
import { WorkerPool } from '../core/contract/worker-pool.js';

const SETTINGS = 'settings';
const executor = new ControlledExecutor();

@Module({
  providers: [{ provide: SETTINGS, useValue: { executor, concurrency: 7 } }],
  exports: [SETTINGS],
})
class SettingsModule {}

@Injectable()
class OptionsFactory implements WorkerPoolOptionsFactory {
  constructor(@Inject(SETTINGS) private readonly settings: WorkerPoolOptions) {}

  async createWorkerPoolOptions(): Promise<WorkerPoolOptions> {
    return this.settings;
  }
}

@Module({ imports: [SettingsModule], providers: [OptionsFactory], exports: [OptionsFactory] })
class OptionsFactoryModule {}

@Injectable()
class Consumer {
  constructor(readonly pool: WorkerPool) {}
}

@Module({ providers: [Consumer] })
class ConsumerModule {}

const compile = (...imports: (DynamicModule | typeof ConsumerModule)[]): Promise<TestingModule> =>
  Test.createTestingModule({ imports }).compile();

const FORMS: [string, () => DynamicModule][] = [
  ['forRoot', () => WorkerPoolModule.forRoot({ executor, concurrency: 7 })],
  [
    'forRootAsync with useFactory',
    () =>
      WorkerPoolModule.forRootAsync({
        imports: [SettingsModule],
        inject: [SETTINGS],
        useFactory: (settings: WorkerPoolOptions) => settings,
      }),
  ],
  [
    'forRootAsync with an asynchronous useFactory',
    () => WorkerPoolModule.forRootAsync({ useFactory: async () => ({ executor, concurrency: 7 }) }),
  ],
  [
    'forRootAsync with useClass',
    () => WorkerPoolModule.forRootAsync({ imports: [SettingsModule], useClass: OptionsFactory }),
  ],
  [
    'forRootAsync with useExisting',
    () => WorkerPoolModule.forRootAsync({ imports: [OptionsFactoryModule], useExisting: OptionsFactory }),
  ],
];

describe('WorkerPoolModule', () => {
  afterEach(() => {
    Logger.overrideLogger(['log', 'error', 'warn']);
  });

  it.each(FORMS)('%s provides a pool with the given options that runs a task', async (_name, form) => {
    const app = await (await compile(form())).init();
    const pool = app.get(WorkerPool);
    expect(pool).toBeInstanceOf(WorkerPool);
    expect(await pool.stats()).toMatchObject({ concurrency: 7, maxBacklog: 1_000 });
    const index = executor.calls.length;
    const run = pool.run({ prompt: 'hello' });
    (await executor.call(index)).complete({ completion: 'hello yourself' });
    expect(await run).toMatchObject({ status: 'completed', completion: 'hello yourself' });
    await app.close();
  });

  it("writes the pool's lines, and those of its executor, to Nest's logger", async () => {
    const logger = { log: jest.fn(), warn: jest.fn(), error: jest.fn() };
    const own = new ControlledExecutor();
    const app = await (await compile(WorkerPoolModule.forRoot({ executor: own }))).init();
    // After `compile`, which installs a logger of its own.
    Logger.overrideLogger(logger);
    const run = app.get(WorkerPool).run({ prompt: 'hello' });
    const { context, fail } = await own.call(0);
    context.logger?.warn('a warning', 'ControlledExecutor');
    fail(new RangeError('some detail'));
    await run;
    expect(logger.warn.mock.calls).toEqual([['a warning', 'ControlledExecutor']]);
    const line = expect.stringMatching(/^task .*: the controlled executor failed: RangeError$/);
    expect(logger.error.mock.calls).toEqual([[line, expect.stringContaining('at '), 'WorkerPool']]);
    await app.close();
  });

  it('is injected by its class into another module when global', async () => {
    const app = await compile(WorkerPoolModule.forRoot({ executor, isGlobal: true }), ConsumerModule);
    expect(app.get(Consumer, { strict: false }).pool).toBe(app.get(WorkerPool));
    await app.close();
  });

  it('is global through forRootAsync too', async () => {
    const options = { isGlobal: true, useFactory: () => ({ executor }) };
    const app = await compile(WorkerPoolModule.forRootAsync(options), ConsumerModule);
    expect(app.get(Consumer, { strict: false }).pool).toBe(app.get(WorkerPool));
    await app.close();
  });

  it('stays inside the modules that import it when not global', async () => {
    await expect(compile(WorkerPoolModule.forRoot({ executor }), ConsumerModule)).rejects.toThrow(
      "Nest can't resolve dependencies of the Consumer",
    );
  });

  it.each([
    ['forRoot', WorkerPoolModule.forRoot({ executor, concurrency: 0 })],
    ['forRootAsync', WorkerPoolModule.forRootAsync({ useFactory: () => ({ executor, concurrency: 0 }) })],
  ])('%s with a wrong option stops the start and names the option', async (_name, module) => {
    await expect(compile(module)).rejects.toMatchObject({
      code: 'ERR_INVALID_POOL_OPTIONS',
      field: 'concurrency',
    });
  });

  it('closing the app twice drains the pool and closes the executor once', async () => {
    const own = new ControlledExecutor();
    const app = await (await compile(WorkerPoolModule.forRoot({ executor: own }))).init();
    const pool = app.get(WorkerPool);
    const run = pool.run({ prompt: 'in flight' });
    const closed = app.close();
    (await own.call(0)).complete();
    await closed;
    await app.close();
    expect(await run).toMatchObject({ status: 'completed' });
    expect(own.closes).toBe(1);
    await expect(pool.submit({ prompt: 'late' })).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
  });
});
