import { randomUUID } from 'node:crypto';
import type { JobsOptions, Queue } from 'bullmq';
import type { CompletionRequest } from '../contract/completion-request.js';
import { PoolSaturatedError } from '../errors/pool-saturated.error.js';
import { PoolUnavailableError } from '../errors/pool-unavailable.error.js';
import { TaskCancelledError } from '../errors/task-cancelled.error.js';
import type { TaskTerms } from '../tasks/arguments.js';
import { estimateWaitMs } from '../tasks/service-times.js';
import { Admissions } from './admissions.js';
import type { QueueLink } from './connection/queue-link.js';
import type { Acceptance, Interest, QueueCommands } from './queue-commands.js';

/** What a worker finds in the queue. */
export interface TaskData {
  request: CompletionRequest;
  timeoutMs: number;
  context?: unknown;
}

/** A submission on its way to the queue. */
export interface Submission {
  taskId: string;
  data: TaskData;
  terms: TaskTerms;
  interest: Interest;
}

/** A task that is stopped between its being found and being joined makes room for a new one; so often at most. */
const MAX_JOINS = 10;

/** Puts tasks into the queue. */
export class Producer {
  readonly #admissions: Admissions;

  constructor(
    private readonly link: QueueLink,
    private readonly queue: Queue<TaskData>,
    private readonly commands: QueueCommands,
    private readonly maxBacklog: number,
  ) {
    this.#admissions = new Admissions(commands, maxBacklog);
  }

  /**
   * Answers which task it is: its own, or one in progress under the same key.
   *
   * @throws {PoolSaturatedError} the backlog is full
   * @throws {PoolUnavailableError} within one deadline for each of its two calls
   */
  async add(submission: Submission): Promise<Acceptance> {
    let { taskId } = submission;
    for (let attempt = 0; attempt < MAX_JOINS; attempt += 1) {
      const found = await this.#enqueue({ ...submission, taskId });
      if (found === taskId) {
        await this.#admit(taskId);
        return { taskId, interestId: taskId };
      }
      if (await this.#join(found, submission)) {
        return { taskId: found, interestId: submission.taskId };
      }
      taskId = randomUUID();
    }
    throw new PoolUnavailableError();
  }

  #enqueue({ taskId, data, terms, interest }: Submission): Promise<string> {
    const { priority, deduplicationKey } = terms;
    const options: JobsOptions = {
      jobId: taskId,
      ...(priority > 0 && { priority }),
      ...(deduplicationKey !== undefined && { deduplication: { id: deduplicationKey } }),
    };
    // The same id again is the same task: what may be repeated when the connection breaks under it.
    return this.link.call(
      async () => String((await this.queue.add(interest, data, options)).id),
      (found) => this.#withdraw(taskId, found),
    );
  }

  async #admit(taskId: string): Promise<void> {
    const full = await unlessAway(this.#admissions.admit(taskId), null);
    if (full) {
      const { backlog, meanMs, capacity } = full;
      const retryAfterMs = estimateWaitMs(meanMs, backlog, Math.max(1, capacity));
      throw new PoolSaturatedError({ backlog, maxBacklog: this.maxBacklog, retryAfterMs });
    }
  }

  #join(found: string, { interest, taskId }: Submission): Promise<boolean> {
    return unlessAway(this.commands.join(found, interest, taskId), true);
  }

  // Whoever submitted it was told that it was not accepted.
  #withdraw(taskId: string, found: string): void {
    if (found === taskId) {
      this.commands.stop(taskId, 'killed', new TaskCancelledError()).catch(() => {});
    }
  }
}

// The queue has the task already: that Redis goes away in this moment takes nothing back.
async function unlessAway<T>(call: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof PoolUnavailableError) {
      return otherwise;
    }
    throw error;
  }
}
