import type { CompletionEvent } from './completion-event.js';
import type { Completion, CompletionRequest } from './completion-request.js';
import { CannotCountTokensError } from './errors.js';
import type { PoolLogger } from './logger.js';

/** What the pool passes to the executor along with the request. */
export interface ExecutionContext {
  taskId: string;
  /** Aborts on cancellation, on the task's timeout and on shutdown; the executor then stops immediately. */
  signal: AbortSignal;
  /** The submission's `SubmitOptions.context`: frozen JSON, not part of the request. */
  context?: unknown;
  /** The pool's logger. Never log the prompt or a secret. */
  logger?: PoolLogger;
  /**
   * Present when somebody reads the task as a stream: an executor that can stream then calls it with each event of
   * the completion, in order, as soon as it has the event. The event is copied. After the task has ended, calls have
   * no effect. An executor that cannot stream ignores it.
   *
   * @throws {TypeError} the event is not a JSON object
   */
  emit?: (event: CompletionEvent) => void;
}

/** A model of a service, with the fields that the service reports. */
export interface ModelInfo {
  id: string;
  [field: string]: unknown;
}

/**
 * Executes single requests. An executor has no queue and no concurrency limit of its own: the pool decides when to
 * call it.
 */
export abstract class Executor {
  /** Stable name, part of cache keys: `offline`, `claude-cli`, … */
  abstract readonly name: string;

  /**
   * Refuses requests that this executor cannot fulfil, before anything is queued or paid for.
   *
   * @throws {InvalidRequestError} a field is missing or invalid
   * @throws {UnsupportedParameterError} a field that this executor cannot honour
   */
  abstract validate(request: CompletionRequest): void;

  /** The model that a request for `model` (a name, an alias or nothing) runs on; part of cache keys. */
  abstract resolveModel(model?: string): string;

  /**
   * Executes the request.
   *
   * @throws {ExecutorError} the execution failed
   */
  abstract execute(request: CompletionRequest, context: ExecutionContext): Promise<Completion>;

  /**
   * Counts the input tokens of a request without executing it. Fields that concern only the answer, such as
   * `max_tokens`, have no influence.
   *
   * @throws {CannotCountTokensError} the executor cannot count tokens, which is the default
   * @throws {InvalidRequestError} as `validate`
   * @throws {ExecutorError} counting failed
   * @throws the signal's reason, when it aborts
   */
  async countTokens(_request: CompletionRequest, _signal: AbortSignal): Promise<number> {
    throw new CannotCountTokensError(this.name);
  }

  /**
   * The models of the service behind this executor, in the form of the Models API; `null` when there is no list, which
   * is the default.
   *
   * @throws {ExecutorError} listing failed
   * @throws the signal's reason, when it aborts
   */
  async listModels(_signal: AbortSignal): Promise<ModelInfo[] | null> {
    return null;
  }

  /** Frees threads, processes and files. Idempotent. */
  async close(): Promise<void> {}
}
