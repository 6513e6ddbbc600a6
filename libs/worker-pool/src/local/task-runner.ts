import { Logger } from '@nestjs/common';
import { WorkerPoolError } from '../errors/worker-pool.error.js';
import type { Executor } from '../executors/executor.js';
import type { TaskResult } from '../task.js';
import { parseCompletion } from '../tasks/completion.schema.js';
import { describeFailure, framesOf } from '../tasks/failure.js';
import { completedResult, failedResult } from '../tasks/task-results.js';
import type { LocalTask } from './local-task.js';

/** The one place where the executor is called: whatever it does wrong becomes a value or a log line. */
export class TaskRunner {
  readonly #logger = new Logger('WorkerPool');

  constructor(private readonly executor: Executor) {}

  /** Never rejects. */
  async run({ id, request, signal, terms }: LocalTask): Promise<TaskResult> {
    try {
      const answer = await this.executor.execute(request, {
        taskId: id,
        signal,
        context: terms.context,
      });
      return completedResult(id, parseCompletion(answer));
    } catch (thrown) {
      // An executor that stops on its signal rejects with whatever it likes: that is obedience, no fault.
      if (!signal.aborted && !(thrown instanceof WorkerPoolError)) {
        this.#log(`task ${id}`, thrown);
      }
      return failedResult(id, describeFailure(this.executor.name, thrown));
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
