import type { QueueEvents } from 'bullmq';
import {
  PoolClosedError,
  PoolUnavailableError,
  TaskLostError,
  TaskNotFoundError,
} from '../contract/errors.js';
import type { TaskResult, TaskSnapshot } from '../contract/task.js';
import { TaskWatch, Waiter } from './followers.js';
import type { QueueCommands } from './queue-commands.js';
import type { QueueLink } from './queue-link.js';
import { parseResult } from './stored-task.js';

/** Interval of the look-ups that find results whose event was missed, in milliseconds. */
const LOOK_UP_INTERVAL_MS = 1_000;
/** Maximum number of tasks in one look-up. */
const BATCH = 200;

type Follower = Waiter | TaskWatch;

/** Receives the events of all tasks of the queue. */
export interface TaskEventListener {
  /** The task has ended with this result. */
  ended(taskId: string, result: TaskResult): void;
  /** The task may have ended; the event does not contain the result. */
  changed(taskId: string): void;
  /** The task was added to the queue, or a worker has claimed it. */
  moved(taskId: string): void;
}

/**
 * All waiters and watches of this process: one event stream serves them all. A look-up in Redis every second, and
 * whenever the connection is up again, finds what the events missed.
 */
export class TaskWaiters implements TaskEventListener {
  readonly #followers = new Map<string, Set<Follower>>();
  /** Tasks that already had followers at the last look-up: events of later tasks may still be on their way. */
  #due = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  readonly #idleListeners = new Set<() => void>();

  constructor(
    private readonly link: QueueLink,
    private readonly commands: QueueCommands,
    private readonly outageToleranceMs: number,
  ) {
    link.onUp(() => void this.#lookUp([...this.#followers.keys()]));
  }

  /** Starts to wait; the task need not exist yet. */
  open(taskId: string): Waiter {
    const waiter = new Waiter(taskId);
    this.#add(taskId, waiter);
    return waiter;
  }

  /** Notes that the queue has accepted the task: the waiter's own, or `taskId`, which was already in progress. */
  accept(waiter: Waiter, taskId: string): void {
    waiter.lossOf = lost;
    if (taskId === waiter.taskId) {
      return;
    }
    this.close(waiter);
    waiter.taskId = taskId;
    this.#add(taskId, waiter);
    void this.#lookUp([taskId]);
  }

  /** Notes that the task was found in the queue, and returns its result if it has ended. */
  found(waiter: Waiter, { result }: TaskSnapshot): TaskResult | null {
    waiter.lossOf = lost;
    return result;
  }

  /** Notes that the queue could not be asked for the task: a look-up after the outage finds it or not. */
  unknown(waiter: Waiter): void {
    waiter.lossOf = (taskId) => new TaskNotFoundError(taskId);
  }

  /** Follows a task from a snapshot on. */
  watch(snapshot: TaskSnapshot): TaskWatch {
    const watch = new TaskWatch(snapshot);
    this.#add(snapshot.taskId, watch);
    // Finds changes between the snapshot and now, whose events had no listener.
    void this.#lookUp([snapshot.taskId]);
    return watch;
  }

  close(follower: Follower): void {
    const { taskId } = follower;
    const followers = this.#followers.get(taskId);
    followers?.delete(follower);
    if (followers?.size === 0) {
      this.#followers.delete(taskId);
      this.#due.delete(taskId);
      this.#stopIfIdle();
    }
  }

  ended(taskId: string, result: TaskResult): void {
    for (const follower of this.#followers.get(taskId) ?? []) {
      if (follower instanceof Waiter) {
        follower.settle(result);
      }
    }
    this.moved(taskId);
  }

  changed(taskId: string): void {
    if (this.#followers.has(taskId)) {
      void this.#lookUp([taskId]);
    }
  }

  // Does not concern waiters, which saves two look-ups per task.
  moved(taskId: string): void {
    const followers = this.#followers.get(taskId);
    if (followers && [...followers].some((follower) => follower instanceof TaskWatch)) {
      void this.#lookUp([taskId]);
    }
  }

  get areUsed(): boolean {
    return this.#followers.size > 0;
  }

  /** Lets waiters continue for a time, then fails the remaining ones with `PoolClosedError`. */
  async drain(timeoutMs: number): Promise<void> {
    await this.#untilIdle(timeoutMs);
    this.#failAll(() => new PoolClosedError());
    clearInterval(this.#timer);
  }

  #add(taskId: string, follower: Follower): void {
    const followers = this.#followers.get(taskId) ?? new Set();
    this.#followers.set(taskId, followers.add(follower));
    this.#timer ??= setInterval(() => void this.#lookUpDue(), LOOK_UP_INTERVAL_MS);
  }

  async #lookUpDue(): Promise<void> {
    if (this.link.isUp) {
      const due = [...this.#due];
      this.#due = new Set(this.#followers.keys());
      await this.#lookUp(due);
    } else if (this.link.downMs > this.outageToleranceMs) {
      this.#failAll(() => new PoolUnavailableError());
    }
  }

  async #lookUp(taskIds: string[]): Promise<void> {
    try {
      for (let from = 0; from < taskIds.length; from += BATCH) {
        const batch = taskIds.slice(from, from + BATCH);
        const snapshots = await this.commands.readTasks(batch);
        batch.forEach((taskId, index) => this.#update(taskId, snapshots[index] ?? null));
      }
    } catch {
      // Redis is unavailable; the next look-up follows within a second.
    }
  }

  #update(taskId: string, snapshot: TaskSnapshot | null): void {
    for (const follower of this.#followers.get(taskId) ?? []) {
      if (!snapshot) {
        this.#lose(taskId, follower);
      } else if (follower instanceof TaskWatch) {
        follower.advance(snapshot);
      } else if (snapshot.result) {
        follower.settle(snapshot.result);
      }
    }
  }

  #lose(taskId: string, follower: Follower): void {
    const lossOf = follower instanceof TaskWatch ? lost : follower.lossOf;
    if (lossOf) {
      follower.fail(lossOf(taskId));
    }
  }

  #failAll(reasonOf: () => Error): void {
    for (const followers of this.#followers.values()) {
      for (const follower of followers) {
        follower.fail(reasonOf());
      }
    }
  }

  #stopIfIdle(): void {
    if (this.#followers.size > 0) {
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const listener of this.#idleListeners) {
      listener();
    }
  }

  #untilIdle(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#followers.size === 0) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        this.#idleListeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#idleListeners.add(done);
    });
  }
}

const lost = (taskId: string): Error => new TaskLostError(taskId);

interface StoppedEvent {
  jobId: string;
  result: string;
}

type StoppedListener = import('bullmq').QueueEventsListener & {
  stopped: (args: StoppedEvent, id: string) => void;
};

/**
 * Passes the events of BullMQ, and the pool's own event `stopped`, to the listener.
 *
 * @param maxResultBytes of a larger result only the change is reported
 */
export function listenToEvents(
  events: QueueEvents,
  listener: TaskEventListener,
  maxResultBytes: number,
): void {
  const end = (taskId: string, record: unknown): void => {
    const result = parseResult(taskId, record, maxResultBytes);
    if (result) {
      listener.ended(taskId, result);
    } else {
      listener.changed(taskId);
    }
  };
  const changed = ({ jobId }: { jobId: string }): void => listener.changed(jobId);
  events.on('completed', ({ jobId, returnvalue }) => end(jobId, returnvalue));
  events.on<StoppedListener>('stopped', ({ jobId, result }: StoppedEvent) => end(jobId, result));
  events.on('active', ({ jobId }) => listener.moved(jobId));
  events.on('waiting', ({ jobId }) => listener.moved(jobId));
  events.on('failed', changed);
  events.on('removed', changed);
  // The stream reconnects by itself; meanwhile look-ups find the results.
  events.on('error', () => {});
}
