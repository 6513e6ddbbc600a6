export type {
  Completion,
  CompletionMessage,
  CompletionRequest,
  ContentBlock,
  RequestMetadata,
  TokenUsage,
  ToolDefinition,
  TypedObject,
} from './completion-request.js';
export { createWorkerPool } from './create-worker-pool.js';
export { AnthropicApiError, type AnthropicApiFailure } from './errors/anthropic-api.error.js';
export { CannotCountTokensError } from './errors/cannot-count-tokens.error.js';
export { ExecutorError, type ExecutorErrorOptions, type UpstreamFailure } from './errors/executor.error.js';
export { InvalidPoolOptionsError } from './errors/invalid-pool-options.error.js';
export { InvalidRequestError } from './errors/invalid-request.error.js';
export { MalformedCompletionError } from './errors/malformed-completion.error.js';
export type { BullmqPoolOptions, PoolRateLimit, PoolRole } from './bullmq/bullmq-options.js';
export type { PoolConnectionOptions, PoolNodeAddress } from './bullmq/connection/connection-options.js';
export { PoolClosedError } from './errors/pool-closed.error.js';
export { PoolRoleError } from './errors/pool-role.error.js';
export { PoolSaturatedError, type Saturation } from './errors/pool-saturated.error.js';
export { PoolUnavailableError } from './errors/pool-unavailable.error.js';
export { ClaudeCliError } from './errors/claude-cli.error.js';
export { ProcessExitError } from './errors/process-exit.error.js';
export { ProcessOutputLimitError } from './errors/process-output-limit.error.js';
export { ProcessStartError } from './errors/process-start.error.js';
export { ProcessTimeoutError } from './errors/process-timeout.error.js';
export { RequestTooLargeError } from './errors/request-too-large.error.js';
export { ResultTimeoutError } from './errors/result-timeout.error.js';
export { ResultTooLargeError } from './errors/result-too-large.error.js';
export { TaskAbandonedError } from './errors/task-abandoned.error.js';
export { TaskCancelledError } from './errors/task-cancelled.error.js';
export { TaskClaimLostError } from './errors/task-claim-lost.error.js';
export { TaskLostError } from './errors/task-lost.error.js';
export { TaskNotFoundError } from './errors/task-not-found.error.js';
export { TaskTimeoutError } from './errors/task-timeout.error.js';
export { UnsupportedParameterError } from './errors/unsupported-parameter.error.js';
export { WorkerPoolError } from './errors/worker-pool.error.js';
export { AnthropicExecutor } from './executors/anthropic/anthropic.executor.js';
export type { AnthropicExecutorOptions } from './executors/anthropic/anthropic.options.js';
export {
  ANTHROPIC_PRICES,
  type ModelPrice,
  type TokenPrices,
} from './executors/anthropic/anthropic.prices.js';
export { ClaudeCliExecutor } from './executors/claude-cli/claude-cli.executor.js';
export { type ClaudeCliOptions, DEFAULT_ENV_ALLOW_LIST } from './executors/claude-cli/claude-cli.options.js';
export { type ExecutionContext, Executor } from './executors/executor.js';
export { OFFLINE_MODEL, OfflineExecutor } from './executors/offline/offline.executor.js';
export type { OfflineExecutorOptions } from './executors/offline/offline.options.js';
export type {
  PoolCondition,
  PoolHealth,
  PoolStats,
  TaskError,
  TaskResult,
  TaskSnapshot,
  TaskStatus,
} from './task.js';
export type {
  CommonPoolOptions,
  LocalPoolOptions,
  WorkerPoolDriver,
  WorkerPoolOptions,
} from './worker-pool-options.js';
export { WorkerPoolModule } from './worker-pool.module.js';
export type {
  WorkerPoolModuleAsyncOptions,
  WorkerPoolModuleExtras,
  WorkerPoolModuleOptions,
  WorkerPoolOptionsFactory,
} from './worker-pool.module-definition.js';
export {
  type GetResultOptions,
  type RunOptions,
  type SubmitOptions,
  type WatchOptions,
  WorkerPool,
} from './worker-pool.js';
