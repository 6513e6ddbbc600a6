import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type DynamicModule, Logger, Module, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { ControlledExecutor } from '../core/local/spec-support/controlled-executor.js';
import { WorkerPoolModule } from './worker-pool.module.js';

const executor = new ControlledExecutor();
const running: TestingModule[] = [];
const warn = jest.fn();

beforeEach(() => void warn.mockClear());

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
  Logger.overrideLogger(['log', 'error', 'warn']);
});

/** Starts an application and returns the warnings of its pool. */
async function warningsOf(imports: (DynamicModule | Type)[]): Promise<string[]> {
  const app = await Test.createTestingModule({ imports }).compile();
  running.push(app);
  // After `compile`, which installs a logger of its own.
  Logger.overrideLogger({ log: jest.fn(), error: jest.fn(), warn });
  await app.init();
  return warn.mock.calls.filter(([, context]) => context === 'WorkerPool').map(([line]) => String(line));
}

function mailModule(pool: DynamicModule): Type {
  @Module({ imports: [pool] })
  class MailModule {}
  return MailModule;
}

describe('WorkerPoolModule', () => {
  it('reports once that an application registers it twice, with the modules and what to do', async () => {
    const global = WorkerPoolModule.forRoot({ executor, isGlobal: true });
    const mails = mailModule(WorkerPoolModule.forRootAsync({ useFactory: () => ({ executor }) }));
    const lines = await warningsOf([global, mails]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('WorkerPoolModule is registered 2 times: globally, by MailModule.');
    expect(lines[0]).toContain('loadWorkerPool(options)');
  });

  it('reports nothing for one registration that several modules import', async () => {
    const pool = WorkerPoolModule.forRoot({ executor });
    expect(await warningsOf([pool, mailModule(pool)])).toEqual([]);
  });

  it('reports nothing for several applications in one process', async () => {
    expect(await warningsOf([WorkerPoolModule.forRoot({ executor })])).toEqual([]);
    expect(await warningsOf([WorkerPoolModule.forRoot({ executor })])).toEqual([]);
  });
});
