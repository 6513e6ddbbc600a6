import { Logger } from '@nestjs/common';
import { WorkerPoolError } from '../errors/worker-pool.error.js';
import type { Executor } from '../contract/executor.js';
import type { TaskResult } from '../contract/task.js';
import type { CompletionRequest } from '../contract/completion-request.js';
import { parseCompletion } from './completion.schema.js';
import { describeFailure, framesOf } from './failure.js';
import { completedResult, failedResult } from './task-results.js';

/** What is to be done. */
export interface Assignment {
  taskId: string;
  request: CompletionRequest;
  signal: AbortSignal;
  context: unknown;
}

/** The one place where the executor is called: whatever it does wrong becomes a value or a log line. */
export class TaskRunner {
  readonly #logger = new Logger('WorkerPool');

  constructor(private readonly executor: Executor) {}

  /** Never rejects. */
  async run({ taskId, request, signal, context }: Assignment): Promise<TaskResult> {
    try {
      const answer = await this.executor.execute(request, { taskId, signal, context });
      return completedResult(taskId, parseCompletion(answer));
    } catch (thrown) {
      // An executor that stops on its signal rejects with whatever it likes: that is obedience, no fault.
      if (!signal.aborted && !(thrown instanceof WorkerPoolError)) {
        this.#log(`task ${taskId}`, thrown);
      }
      return failedResult(taskId, describeFailure(this.executor.name, thrown));
    }
  }

  /** Never rejects: a shutdown goes on without the executor's blessing. */
  async close(): Promise<void> {
    try {
      await this.executor.close();
    } catch (thrown) {
      this.#log('close', thrown);
    }
  }

  #log(occasion: string, thrown: unknown): void {
    this.#logger.error(
      `${occasion}: ${describeFailure(this.executor.name, thrown).message}`,
      framesOf(thrown),
    );
  }
}
