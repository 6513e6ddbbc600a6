export { type WorkerPoolHealthDetails, WorkerPoolHealthIndicator } from './worker-pool.health.js';
export { WorkerPoolHealthModule } from './worker-pool-health.module.js';
