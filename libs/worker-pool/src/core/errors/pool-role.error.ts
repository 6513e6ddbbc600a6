import { WorkerPoolError } from './worker-pool.error.js';

/** This process only runs tasks: its pool has the role `worker`. */
export class PoolRoleError extends WorkerPoolError {
  readonly code = 'ERR_POOL_ROLE';

  constructor() {
    super('a pool with the role worker takes no tasks');
  }
}
