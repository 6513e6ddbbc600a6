import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { spawnNode } from '@test/support/index.js';

const REFUSE_NEST = resolve('test/fixtures/refuse-nest.mjs');
const LOCAL_POOL = resolve('test/fixtures/pool-without-nest.mjs');

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a file or a program in a process that can load neither Nest nor rxjs nor reflect-metadata. */
async function runWithoutNest(script: string, args: string[] = []): Promise<Run> {
  const child = spawnNode(script, { nodeArgs: ['--import', REFUSE_NEST], args });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

const evaluate = (program: string): Promise<Run> =>
  runWithoutNest('--input-type=module', ['--eval', program]);

it('nestjs-worker-pool/core executes a request on a local pool without Nest', async () => {
  const run = await runWithoutNest(LOCAL_POOL);
  expect(run).toEqual({ code: 0, stdout: 'completed One sentence. offline-extractive', stderr: '' });
});

it('nestjs-worker-pool/core writes its log lines to the console', async () => {
  const run = await evaluate(`
    import { createWorkerPool, Executor } from 'nestjs-worker-pool/core';
    class FailingExecutor extends Executor {
      name = 'failing';
      validate() {}
      resolveModel = () => 'failing-1';
      execute() { throw new RangeError('some detail'); }
    }
    const pool = createWorkerPool({ executor: new FailingExecutor() });
    await pool.run({ prompt: 'hello' });
    await pool.close();
  `);
  expect(run).toMatchObject({ code: 0, stdout: '' });
  expect(run.stderr).toMatch(/^\[WorkerPool\] task \S+: the failing executor failed: RangeError\nat /);
});

it('the main entry needs Nest', async () => {
  const run = await evaluate(`await import('nestjs-worker-pool');`);
  expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('refused: ') });
});
