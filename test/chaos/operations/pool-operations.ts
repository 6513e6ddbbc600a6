import {
  type BullmqPoolOptions,
  type Completion,
  type CompletionRequest,
  createWorkerPool,
  type ExecutionContext,
  Executor,
  type LocalPoolOptions,
  type PoolLogger,
  type WorkerPool,
} from 'nestjs-worker-pool/core';
import { until } from '@test/support/until.js';
import type { Operation, Program, Session } from './operation.js';

/** More than the calls of one operation under one fault. */
const TASKS = 200;
const CONCURRENCY = 5;
const RESULT_TIMEOUT_MS = 30_000;
const UNAVAILABLE = 'ERR_POOL_UNAVAILABLE';

type PoolOptions = Omit<LocalPoolOptions, 'executor'> | Omit<BullmqPoolOptions, 'executor'>;

/** Completes at once; except for the prompt `wait`, which ends when it is cancelled. */
class EchoExecutor extends Executor {
  readonly name = 'echo';

  validate(): void {}

  resolveModel(model = 'echo-1'): string {
    return model;
  }

  async execute({ prompt = '' }: CompletionRequest, { signal }: ExecutionContext): Promise<Completion> {
    if (prompt === 'wait') await aborted(signal);
    const content = [{ type: 'text', text: prompt }];
    const usage = { input_tokens: 1, output_tokens: 1 };
    return { completion: prompt, content, usage, cost: 0, model: 'echo-1', stopReason: 'end_turn' };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** A pool for one operation under one fault, and the tasks that it has accepted. */
class PoolBench {
  readonly lines: string[] = [];
  readonly pool: WorkerPool;
  readonly tasks: string[] = [];
  readonly cancelled: string[] = [];

  constructor(options: PoolOptions) {
    const keep = (message: string): unknown => this.lines.push(message);
    const logger: PoolLogger = { warn: keep, error: keep };
    const common = { executor: new EchoExecutor(), concurrency: CONCURRENCY, drainTimeoutMs: 0, logger };
    this.pool = createWorkerPool({ ...common, ...options });
  }

  async submit(prompt: string): Promise<void> {
    this.tasks.push(await this.pool.submit({ prompt }));
  }
}

interface PoolOperation extends Omit<Operation, 'open' | 'group'> {
  driver: 'local' | 'bullmq';
  options?: { fallback: 'local' };
  prepare?(bench: PoolBench): Promise<unknown>;
  run(bench: PoolBench): Promise<unknown>;
  lost?(bench: PoolBench): Promise<unknown[]>;
}

function optionsOf({ driver, name, options }: PoolOperation, program: Program): PoolOptions {
  if (driver === 'local') return {};
  const { connection, deadlineMs } = program;
  return {
    driver,
    connection,
    queueName: name.replaceAll(/\W+/g, '-'),
    commandTimeoutMs: deadlineMs,
    outageToleranceMs: deadlineMs,
    ...options,
  };
}

function poolOperation(operation: PoolOperation): Operation {
  const { prepare, run, lost, driver: _driver, options: _options, ...row } = operation;
  return {
    ...row,
    group: 'pool',
    open: (program): Session => {
      const bench = new PoolBench(optionsOf(operation, program));
      return {
        ...(prepare && { prepare: () => prepare(bench) }),
        run: () => run(bench).catch(codeOf),
        isBack: async () => (await bench.pool.health()).status === 'up',
        ...(lost && { lost: () => lost(bench) }),
        lines: () => bench.lines,
        close: () => bench.pool.close(),
      };
    },
  };
}

/** A typed refusal is an answer; anything else is a fault of the pool. */
function codeOf(error: unknown): string {
  const { code } = error as { code?: string };
  if (code?.startsWith('ERR_') !== true) throw error;
  return code;
}

const submit = async (bench: PoolBench): Promise<string> => {
  await bench.submit('text');
  return 'accepted';
};

const run = async ({ pool }: PoolBench): Promise<string> => (await pool.run({ prompt: 'text' })).status;

const fillBacklog = async (bench: PoolBench): Promise<void> => {
  for (let task = 0; task < TASKS; task += 1) {
    await until(() => bench.submit('wait').then(() => true), { what: 'the backlog to be filled' });
  }
};

const cancel = async ({ pool, tasks, cancelled }: PoolBench): Promise<boolean> => {
  const task = tasks.pop()!;
  const isCancelled = await pool.cancel(task);
  if (isCancelled) cancelled.push(task);
  return isCancelled;
};

/** The tasks that did not end like this. */
async function notEnded({ pool }: PoolBench, tasks: readonly string[], status: string): Promise<string[]> {
  const results = await Promise.all(
    tasks.map((task) => pool.getResult(task, { timeoutMs: RESULT_TIMEOUT_MS }).catch(codeOf)),
  );
  const ends = results.map((result) => (typeof result === 'string' ? result : result.status));
  return ends.filter((end) => end !== status);
}

const notCompleted = (bench: PoolBench): Promise<string[]> => notEnded(bench, bench.tasks, 'completed');
const notKilled = (bench: PoolBench): Promise<string[]> => notEnded(bench, bench.cancelled, 'killed');

const SUBMIT = { value: 'accepted', fallback: UNAVAILABLE, run: submit, lost: notCompleted };
const RUN = { value: 'completed', fallback: UNAVAILABLE, run };
const CANCEL = { value: true, fallback: UNAVAILABLE, prepare: fillBacklog, run: cancel, lost: notKilled };

export const POOL_OPERATIONS: readonly Operation[] = [
  poolOperation({ name: 'local submit', driver: 'local', needs: 'nothing', ...SUBMIT }),
  poolOperation({ name: 'local run', driver: 'local', needs: 'nothing', ...RUN }),
  poolOperation({
    name: 'local cancel',
    driver: 'local',
    needs: 'nothing',
    ...CANCEL,
    run: async (bench) => {
      await bench.submit('wait');
      return cancel(bench);
    },
  }),
  poolOperation({ name: 'bullmq submit', driver: 'bullmq', needs: 'writes', ...SUBMIT }),
  poolOperation({ name: 'bullmq run', driver: 'bullmq', needs: 'writes', ...RUN }),
  poolOperation({
    name: 'bullmq run, else local',
    driver: 'bullmq',
    options: { fallback: 'local' },
    needs: 'writes',
    ...RUN,
    fallback: 'completed',
  }),
  poolOperation({ name: 'bullmq cancel', driver: 'bullmq', needs: 'writes', ...CANCEL, withoutData: false }),
  poolOperation({
    name: 'bullmq health',
    driver: 'bullmq',
    needs: 'writes',
    value: 'up',
    fallback: 'not up',
    run: async ({ pool }) => ((await pool.health()).status === 'up' ? 'up' : 'not up'),
  }),
];
