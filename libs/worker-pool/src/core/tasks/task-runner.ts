import type { CompletionEvent } from '../contract/completion-event.js';
import type { CompletionRequest } from '../contract/completion-request.js';
import { parseCompletion } from '../contract/completion.schema.js';
import { ExecutorError, WorkerPoolError } from '../contract/errors.js';
import type { Executor } from '../contract/executor.js';
import type { PoolLogger } from '../contract/logger.js';
import type { TaskResult } from '../contract/task.js';
import { isObserved, PoolOperation, traceparentOf } from '../telemetry/operation.js';
import { completedResult, describeFailure, failedResult, framesOf } from './task-results.js';

/** Context of the pool's log lines. */
export const LOG_CONTEXT = 'WorkerPool';

/** One run of a task. */
export interface TaskRun {
  taskId: string;
  request: CompletionRequest;
  signal: AbortSignal;
  context: unknown;
  /** Present when the task is read as a stream. */
  emit?: (event: CompletionEvent) => void;
}

/** The only place that calls the executor; converts everything that it throws into a result or a log line. */
export class TaskRunner {
  /** @param queue name of the queue that the tasks come from; none for work of this process */
  constructor(
    private readonly executor: Executor,
    private readonly logger: PoolLogger,
    private readonly queue?: string,
  ) {}

  /** Never rejects. */
  run(run: TaskRun): Promise<TaskResult> {
    if (!isObserved()) return this.#run(run);
    const { name } = this.executor;
    const operation = new PoolOperation('execute', name, this.queue, traceparentOf(run.context));
    return operation.observeTask(() => this.#run(run));
  }

  async #run({ request, ...run }: TaskRun): Promise<TaskResult> {
    const { taskId, signal } = run;
    try {
      const completion = await this.executor.execute(request, { ...run, logger: this.logger });
      return completedResult(taskId, parseCompletion(completion));
    } catch (thrown) {
      // After an abort the executor may reject with anything; that is not a fault.
      if (!signal.aborted) this.#logFailure(`task ${taskId}`, thrown);
      return failedResult(taskId, describeFailure(this.executor.name, thrown));
    }
  }

  /** Never rejects: a failure of the executor must not stop a shutdown. */
  async close(): Promise<void> {
    try {
      await this.executor.close();
    } catch (thrown) {
      this.#log('close', thrown);
    }
  }

  /** Logs what the result does not contain: the detail of an executor's error, the frames of an unexpected one. */
  #logFailure(occasion: string, thrown: unknown): void {
    if (!(thrown instanceof WorkerPoolError)) return this.#log(occasion, thrown);
    if (!(thrown instanceof ExecutorError) || thrown.logDetail === undefined) return;
    this.logger.warn(`${occasion}: ${thrown.message} (${thrown.logDetail})`, LOG_CONTEXT);
  }

  #log(occasion: string, thrown: unknown): void {
    const { message } = describeFailure(this.executor.name, thrown);
    this.logger.error(`${occasion}: ${message}`, framesOf(thrown), LOG_CONTEXT);
  }
}
