import { randomUUID } from 'node:crypto';
import type { JobsOptions, Queue } from 'bullmq';
import type { CompletionRequest } from '../contract/completion-request.js';
import { PoolSaturatedError, PoolUnavailableError, TaskCancelledError } from '../contract/errors.js';
import { estimateWaitMs } from '../tasks/service-times.js';
import type { ResolvedSubmitOptions } from '../tasks/submit-options.js';
import type { Acceptance, Fullness, Interest, QueueCommands } from './queue-commands.js';
import type { QueueLink } from './queue-link.js';

/** The data of a task in the queue. */
export interface TaskData {
  /** The events of the task are written to Redis. The first field, because the script `join` inserts it there. */
  isStreamed?: true;
  request: CompletionRequest;
  timeoutMs: number;
  context?: unknown;
}

/** A validated submission. */
export interface Submission {
  taskId: string;
  data: TaskData;
  options: ResolvedSubmitOptions;
  interest: Interest;
}

/** Maximum number of attempts to join a task: each found task may be stopped before it is joined. */
const MAX_JOINS = 10;

/** Adds tasks to the queue. */
export class Producer {
  readonly #admissions: AdmissionBatch;

  constructor(
    private readonly link: QueueLink,
    private readonly queue: Queue<TaskData>,
    private readonly commands: QueueCommands,
    private readonly maxBacklog: number,
  ) {
    this.#admissions = new AdmissionBatch(commands, maxBacklog);
  }

  /**
   * Adds a task, or joins one in progress with the same deduplication key.
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

  #enqueue({ taskId, data, options, interest }: Submission): Promise<string> {
    const { priority, deduplicationKey } = options;
    const jobOptions: JobsOptions = {
      jobId: taskId,
      ...(priority > 0 && { priority }),
      ...(deduplicationKey !== undefined && { deduplication: { id: deduplicationKey } }),
    };
    // Idempotent, because the same id is the same task: the link may repeat it on a broken connection.
    return this.link.write(
      async () => String((await this.queue.add(interest, data, jobOptions)).id),
      (found) => this.#withdraw(taskId, found),
    );
  }

  async #admit(taskId: string): Promise<void> {
    const full = await unlessUnavailable(this.#admissions.admit(taskId), null);
    if (full) {
      const { backlog, meanMs, capacity } = full;
      const retryAfterMs = estimateWaitMs(meanMs, backlog, Math.max(1, capacity));
      throw new PoolSaturatedError({ backlog, maxBacklog: this.maxBacklog, retryAfterMs });
    }
  }

  #join(found: string, { interest, taskId, data }: Submission): Promise<boolean> {
    const isStreamed = data.isStreamed ?? false;
    return unlessUnavailable(this.commands.join(found, interest, taskId, isStreamed), true);
  }

  // The submission has already failed for its caller.
  #withdraw(taskId: string, found: string): void {
    if (found === taskId) {
      this.commands.stop(taskId, 'killed', new TaskCancelledError()).catch(() => {});
    }
  }
}

// The queue already has the task, so it counts as accepted even if Redis becomes unavailable now.
async function unlessUnavailable<T>(call: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof PoolUnavailableError) {
      return otherwise;
    }
    throw error;
  }
}

interface Candidate {
  taskId: string;
  settle(outcome: Promise<(Fullness | null)[]>, index: number): void;
}

/** Admits the tasks that were added within one tick in a single call. */
class AdmissionBatch {
  #candidates: Candidate[] = [];

  constructor(
    private readonly commands: QueueCommands,
    private readonly maxBacklog: number,
  ) {}

  /**
   * Resolves to `null` when the task stays in the queue, otherwise to the state of the full queue.
   *
   * @throws {PoolUnavailableError} within the deadline of a call
   */
  admit(taskId: string): Promise<Fullness | null> {
    return new Promise((resolve, reject) => {
      const settle: Candidate['settle'] = (outcome, index) =>
        void outcome.then((outcomes) => resolve(outcomes[index] ?? null), reject);
      this.#candidates.push({ taskId, settle });
      if (this.#candidates.length === 1) {
        // After the promises of all replies that have arrived, before further replies are read.
        process.nextTick(() => this.#send());
      }
    });
  }

  #send(): void {
    const candidates = this.#candidates;
    this.#candidates = [];
    const taskIds = candidates.map(({ taskId }) => taskId);
    const outcome = this.commands.admit(taskIds, this.maxBacklog);
    candidates.forEach(({ settle }, index) => settle(outcome, index));
  }
}
