export type { NodeAddress, OperationWrapper, RedisConnectionOptions } from 'nestjs-redis-connection';
export type { CompletionEvent } from './core/contract/completion-event.js';
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
export {
  CannotCountTokensError,
  ExecutorError,
  type ExecutorErrorOptions,
  InvalidPoolOptionsError,
  InvalidRequestError,
  MalformedCompletionError,
  PoolClosedError,
  PoolRoleError,
  PoolSaturatedError,
  PoolUnavailableError,
  RequestTooLargeError,
  ResultTimeoutError,
  ResultTooLargeError,
  type Saturation,
  TaskAbandonedError,
  TaskCancelledError,
  TaskClaimLostError,
  TaskLostError,
  TaskNotFoundError,
  TaskStreamInterruptedError,
  TaskStreamTooLargeError,
  TaskTimeoutError,
  UnsupportedParameterError,
  type UpstreamFailure,
  WorkerPoolError,
} from './core/contract/errors.js';
export { type ExecutionContext, Executor, type ModelInfo } from './core/contract/executor.js';
export type { PoolLogger } from './core/contract/logger.js';
export type {
  PoolCondition,
  PoolHealth,
  PoolStats,
  TaskError,
  TaskResult,
  TaskSnapshot,
  TaskStatus,
} from './core/contract/task.js';
export {
  type GetResultOptions,
  type RunOptions,
  type SubmitOptions,
  type TaskStream,
  type WatchOptions,
  WorkerPool,
} from './core/contract/worker-pool.js';
export { isLargeJson, jsonPieces } from './core/contract/large-json.js';
export { createWorkerPool, type LoadOptions, loadWorkerPool } from './core/create-worker-pool.js';
export { AnthropicExecutor } from './core/executors/anthropic/anthropic.executor.js';
export { AnthropicApiError, type AnthropicApiFailure } from './core/executors/anthropic/anthropic.failure.js';
export { anthropicVersionOf } from './core/executors/anthropic/anthropic.messages.js';
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
export { ClaudeCliError } from './core/executors/claude-cli/claude-cli.result.js';
export {
  OFFLINE_MODEL,
  OfflineExecutor,
  type OfflineExecutorOptions,
} from './core/executors/offline/offline.executor.js';
export type {
  BullmqPoolOptions,
  CommonPoolOptions,
  LocalPoolOptions,
  PoolRole,
  WorkerPoolDriver,
  WorkerPoolOptions,
} from './core/options/pool-options.js';
export type { PoolRateLimit } from './core/options/bullmq-options.js';
export {
  ProcessExitError,
  ProcessOutputLimitError,
  ProcessStartError,
  ProcessTimeoutError,
} from './core/process/errors.js';
export {
  POOL_OPERATION_END_CHANNEL,
  POOL_OPERATION_START_CHANNEL,
  PoolOperation,
  type PoolOperationName,
  type PoolOperationOutcome,
} from './core/telemetry/operation.js';
export { POOL_STATE_CHANNEL, type PoolState, type PoolStateChange } from './core/telemetry/state.js';
