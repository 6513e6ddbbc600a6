export type {
  Completion,
  CompletionMessage,
  CompletionRequest,
  ContentBlock,
  RequestMetadata,
  TokenUsage,
  ToolDefinition,
  TypedObject,
} from './core/contract/completion-request.js';
export { createWorkerPool } from './core/create-worker-pool.js';
export { AnthropicApiError, type AnthropicApiFailure } from './core/errors/anthropic-api.error.js';
export { CannotCountTokensError } from './core/errors/cannot-count-tokens.error.js';
export {
  ExecutorError,
  type ExecutorErrorOptions,
  type UpstreamFailure,
} from './core/errors/executor.error.js';
export { InvalidPoolOptionsError } from './core/errors/invalid-pool-options.error.js';
export { InvalidRequestError } from './core/errors/invalid-request.error.js';
export { MalformedCompletionError } from './core/errors/malformed-completion.error.js';
export type { BullmqPoolOptions, PoolRateLimit, PoolRole } from './core/options/bullmq-options.js';
export type { NodeAddress, RedisConnectionOptions } from 'nestjs-redis-connection';
export { PoolClosedError } from './core/errors/pool-closed.error.js';
export { PoolRoleError } from './core/errors/pool-role.error.js';
export { PoolSaturatedError, type Saturation } from './core/errors/pool-saturated.error.js';
export { PoolUnavailableError } from './core/errors/pool-unavailable.error.js';
export { ClaudeCliError } from './core/errors/claude-cli.error.js';
export { ProcessExitError } from './core/errors/process-exit.error.js';
export { ProcessOutputLimitError } from './core/errors/process-output-limit.error.js';
export { ProcessStartError } from './core/errors/process-start.error.js';
export { ProcessTimeoutError } from './core/errors/process-timeout.error.js';
export { RequestTooLargeError } from './core/errors/request-too-large.error.js';
export { ResultTimeoutError } from './core/errors/result-timeout.error.js';
export { ResultTooLargeError } from './core/errors/result-too-large.error.js';
export { TaskAbandonedError } from './core/errors/task-abandoned.error.js';
export { TaskCancelledError } from './core/errors/task-cancelled.error.js';
export { TaskClaimLostError } from './core/errors/task-claim-lost.error.js';
export { TaskLostError } from './core/errors/task-lost.error.js';
export { TaskNotFoundError } from './core/errors/task-not-found.error.js';
export { TaskTimeoutError } from './core/errors/task-timeout.error.js';
export { UnsupportedParameterError } from './core/errors/unsupported-parameter.error.js';
export { WorkerPoolError } from './core/errors/worker-pool.error.js';
export { AnthropicExecutor } from './core/executors/anthropic/anthropic.executor.js';
export type { AnthropicExecutorOptions } from './core/executors/anthropic/anthropic.options.js';
export {
  ANTHROPIC_PRICES,
  type ModelPrice,
  type TokenPrices,
} from './core/executors/anthropic/anthropic.prices.js';
export { ClaudeCliExecutor } from './core/executors/claude-cli/claude-cli.executor.js';
export {
  type ClaudeCliOptions,
  DEFAULT_ENV_ALLOW_LIST,
} from './core/executors/claude-cli/claude-cli.options.js';
export { type ExecutionContext, Executor } from './core/contract/executor.js';
export { OFFLINE_MODEL, OfflineExecutor } from './core/executors/offline/offline.executor.js';
export type { OfflineExecutorOptions } from './core/executors/offline/offline.options.js';
export type {
  PoolCondition,
  PoolHealth,
  PoolStats,
  TaskError,
  TaskResult,
  TaskSnapshot,
  TaskStatus,
} from './core/contract/task.js';
export type {
  CommonPoolOptions,
  LocalPoolOptions,
  WorkerPoolDriver,
  WorkerPoolOptions,
} from './core/options/worker-pool-options.js';
export { WorkerPoolModule } from './nest/worker-pool.module.js';
export type {
  WorkerPoolModuleAsyncOptions,
  WorkerPoolModuleExtras,
  WorkerPoolModuleOptions,
  WorkerPoolOptionsFactory,
} from './nest/worker-pool.module-definition.js';
export {
  type GetResultOptions,
  type RunOptions,
  type SubmitOptions,
  type WatchOptions,
  WorkerPool,
} from './core/contract/worker-pool.js';
