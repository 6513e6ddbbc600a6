import { CACHE_OPERATIONS } from './cache-operations.js';
import { COMPUTING_OPERATIONS } from './computing-operations.js';
import type { Operation } from './operation.js';
import { POOL_OPERATIONS } from './pool-operations.js';
import { QUEUE_OPERATIONS } from './queue-operations.js';
import { SERVICE_OPERATIONS } from './service-operations.js';

/** Every operation of the matrix. A new one is an entry in one of these tables. */
export const OPERATIONS: readonly Operation[] = [
  ...CACHE_OPERATIONS,
  ...COMPUTING_OPERATIONS,
  ...QUEUE_OPERATIONS,
  ...POOL_OPERATIONS,
  ...SERVICE_OPERATIONS,
];
