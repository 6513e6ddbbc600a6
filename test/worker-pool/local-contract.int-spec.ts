import { afterEach, describe } from '@jest/globals';
import { createWorkerPool, type WorkerPool } from 'nestjs-worker-pool';
import { ControlledExecutor } from '@worker-pool/core/local/spec-support/controlled-executor.js';
import { poolContract } from './contract/index.js';
import type { Limits } from './contract/subject.js';
import { leavingPromises, streamPromises } from './contract/stream-promises.js';

const opened: WorkerPool[] = [];

const subject = {
  open: async (limits: Limits = {}) => {
    const executor = new ControlledExecutor();
    const pool = createWorkerPool({ drainTimeoutMs: 0, ...limits, executor });
    opened.push(pool);
    return { pool, executor };
  },
  closeAll: async () => {
    await Promise.all(opened.splice(0).map((pool) => pool.close()));
  },
};

poolContract('local', subject);

describe('the streams of a local pool', () => {
  afterEach(subject.closeAll);
  streamPromises(subject);
  leavingPromises(subject);
});
