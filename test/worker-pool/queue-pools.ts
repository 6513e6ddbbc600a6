import { createWorkerPool, type BullmqPoolOptions, type WorkerPool } from 'nestjs-worker-pool';
import { ControlledExecutor } from '@worker-pool/core/local/spec-support/controlled-executor.js';
import { until } from '@test/support/index.js';
import type { OpenPool, PoolSubject } from './contract/subject.js';

type Options = Partial<Omit<BullmqPoolOptions, 'driver' | 'executor'>>;

let queues = 0;

/** Creates pools over queues in Redis, and closes them. */
export class QueuePools implements PoolSubject {
  readonly #opened: WorkerPool[] = [];

  constructor(private readonly connection: () => BullmqPoolOptions['connection']) {}

  /** Creates a pool; without a `queueName` it has its own queue. */
  make(options: Options = {}, executor = new ControlledExecutor()): OpenPool {
    const pool = createWorkerPool({
      driver: 'bullmq',
      executor,
      connection: this.connection(),
      queueName: nextQueueName(),
      drainTimeoutMs: 0,
      ...options,
    });
    this.#opened.push(pool);
    return { pool, executor };
  }

  /** Creates a pool that submits and works, and waits until its worker is alive. */
  readonly open = async (options: Options = {}): Promise<OpenPool> => {
    const opened = this.make(options);
    await untilWorkers(opened.pool, 1);
    return opened;
  };

  readonly closeAll = async (): Promise<void> => {
    await Promise.all(this.#opened.splice(0).map((pool) => pool.close()));
  };
}

export function nextQueueName(): string {
  queues += 1;
  return `tasks-${queues}`;
}

export async function untilWorkers(pool: WorkerPool, count: number): Promise<void> {
  await until(async () => (await pool.health()).workers === count, { what: `${count} workers to be alive` });
}
