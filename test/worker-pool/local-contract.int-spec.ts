import { createWorkerPool, type WorkerPool } from 'nestjs-worker-pool';
import { ControlledExecutor } from '@worker-pool/core/local/spec-support/controlled-executor.js';
import { poolContract } from './contract/index.js';

const opened: WorkerPool[] = [];

poolContract('local', {
  open: async (limits = {}) => {
    const executor = new ControlledExecutor();
    const pool = createWorkerPool({ drainTimeoutMs: 0, ...limits, executor });
    opened.push(pool);
    return { pool, executor };
  },
  closeAll: async () => {
    await Promise.all(opened.splice(0).map((pool) => pool.close()));
  },
});
