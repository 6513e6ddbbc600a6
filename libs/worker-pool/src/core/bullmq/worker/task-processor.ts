import type { Job } from 'bullmq';
import { ResultTooLargeError } from '../../errors/result-too-large.error.js';
import { TaskTimeoutError } from '../../errors/task-timeout.error.js';
import type { TaskResult } from '../../contract/task.js';
import { describeFailure } from '../../tasks/failure.js';
import { freezeDeep } from '../../tasks/freeze-deep.js';
import { failedResult, stoppedResult } from '../../tasks/task-results.js';
import type { TaskRunner } from '../../tasks/task-runner.js';
import type { TaskData } from '../producer.js';
import type { QueueCommands } from '../queue-commands.js';
import type { ClaimedTask } from './claimed-task.js';

/** Stands for the outcome of a run whose task goes on elsewhere, or for which it has nothing to say. */
export const NO_OUTCOME = Symbol('no outcome');

/** Runs one task that this worker holds, from the executor's call to the result that goes into the queue. */
export class TaskProcessor {
  constructor(
    private readonly runner: TaskRunner,
    private readonly commands: QueueCommands,
    private readonly limits: { maxResultBytes: number; executorName: string },
  ) {}

  /**
   * Resolves when the executor has settled: until then the task keeps its place among `concurrency`. `null` when
   * the queue knows the result already.
   */
  async run(task: ClaimedTask, job: Job<TaskData>): Promise<TaskResult | null | typeof NO_OUTCOME> {
    const { request, timeoutMs, context } = job.data;
    const timer = setTimeout(() => this.#timeOut(task, timeoutMs), timeoutMs);
    try {
      const { taskId, signal } = task;
      const run = this.runner.run({ taskId, request, signal, context: freezeDeep(context) });
      const result = await Promise.race([run, task.whenLetGo]);
      return await this.#outcomeOf(task, result);
    } finally {
      clearTimeout(timer);
    }
  }

  #timeOut(task: ClaimedTask, timeoutMs: number): void {
    const reason = new TaskTimeoutError(timeoutMs);
    const result = stoppedResult(task.taskId, 'timeout', reason);
    // At once, for those who wait: the executor may take its time to stop.
    const told = this.commands.stop(task.taskId, 'timeout', reason).catch(() => false);
    task.interrupt({ kind: 'timeout', result, told }, reason);
  }

  async #outcomeOf(
    task: ClaimedTask,
    result: TaskResult | void,
  ): Promise<TaskResult | null | typeof NO_OUTCOME> {
    const { interruption } = task;
    if (interruption?.kind === 'timeout') {
      return (await interruption.told) ? null : interruption.result;
    }
    if (interruption?.kind === 'stopped') {
      return null;
    }
    return interruption || !result ? NO_OUTCOME : this.#withinLimit(result);
  }

  #withinLimit(result: TaskResult): TaskResult {
    const { maxResultBytes, executorName } = this.limits;
    if (Buffer.byteLength(JSON.stringify(result)) <= maxResultBytes) {
      return result;
    }
    return failedResult(
      result.taskId,
      describeFailure(executorName, new ResultTooLargeError(maxResultBytes)),
    );
  }
}
