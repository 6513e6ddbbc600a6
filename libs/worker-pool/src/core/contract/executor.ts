import type { Completion, CompletionRequest } from './completion-request.js';
import { CannotCountTokensError } from '../errors/cannot-count-tokens.error.js';

/** What a running task hands to its executor. */
export interface ExecutionContext {
  taskId: string;
  /** Aborts on cancellation, on the task's timeout and on shutdown; the executor then stops at once. */
  signal: AbortSignal;
  /** What was submitted as `SubmitOptions.context`: frozen JSON of the caller, no part of the request. */
  context?: unknown;
}

/**
 * Runs one request. Implementations hold no queue and no limit: the pool decides when to call them.
 */
export abstract class Executor {
  /** Stable name, part of cache keys: `offline`, `claude-cli`, … */
  abstract readonly name: string;

  /**
   * Refuses what this executor cannot do, before anything is queued or paid.
   *
   * @throws {InvalidRequestError} a field is missing or has the wrong form
   * @throws {UnsupportedParameterError} a field that this executor cannot honour
   */
  abstract validate(request: CompletionRequest): void;

  /** The model that a request for `model` (an alias, or nothing) runs on; part of cache keys. */
  abstract resolveModel(model?: string): string;

  /**
   * Answers the request.
   *
   * @throws {ExecutorError} the work failed
   */
  abstract execute(request: CompletionRequest, context: ExecutionContext): Promise<Completion>;

  /**
   * How many tokens of input a request has, without answering it. Fields that concern the answer alone, such as
   * `max_tokens`, have no influence.
   *
   * @throws {CannotCountTokensError} the executor has no way to tell: the default
   * @throws {InvalidRequestError} as `validate`
   * @throws {ExecutorError} counting failed
   * @throws the signal's reason, when it aborts
   */
  async countTokens(_request: CompletionRequest, _signal: AbortSignal): Promise<number> {
    throw new CannotCountTokensError(this.name);
  }

  /** Frees threads, processes and files. Idempotent. */
  async close(): Promise<void> {}
}
