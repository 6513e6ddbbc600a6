import { PoolClosedError } from '../../errors/pool-closed.error.js';
import { PoolUnavailableError } from '../../errors/pool-unavailable.error.js';
import { TaskLostError } from '../../errors/task-lost.error.js';
import type { TaskResult, TaskSnapshot } from '../../contract/task.js';
import type { QueueLink } from '../connection/queue-link.js';
import type { QueueCommands } from '../queue-commands.js';
import type { TaskEventListener } from './task-events.js';
import { TaskWatch } from './task-watch.js';
import { Waiter } from './waiter.js';

/** How often those who wait are looked after, should the event of their task have been missed. */
const LOOK_INTERVAL_MS = 1_000;
/** Tasks that are looked up at once. */
const BATCH = 200;

type Follower = Waiter | TaskWatch;

/**
 * Everybody in this process who waits for a task, whatever task it is: one stream of events serves them all. A
 * look at Redis every second, and at once when the connection comes back, finds what an event failed to tell.
 */
export class TaskWaiters implements TaskEventListener {
  readonly #followers = new Map<string, Set<Follower>>();
  /** Those that were there at the last look: the events of the others had no time to come. */
  #due = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  readonly #idleListeners = new Set<() => void>();

  constructor(
    private readonly link: QueueLink,
    private readonly commands: QueueCommands,
    private readonly outageToleranceMs: number,
  ) {
    link.onUp(() => void this.#look([...this.#followers.keys()]));
  }

  /** Begins to wait; the task need not be there yet. */
  open(taskId: string): Waiter {
    const waiter = new Waiter(taskId);
    this.#add(taskId, waiter);
    return waiter;
  }

  /** The queue has taken the task: this one, or another that is in progress already. */
  accept(waiter: Waiter, taskId: string): void {
    waiter.accepted = true;
    if (taskId === waiter.taskId) {
      return;
    }
    this.close(waiter);
    waiter.taskId = taskId;
    this.#add(taskId, waiter);
    void this.#look([taskId]);
  }

  /** Follows a task from a snapshot on. */
  watch(snapshot: TaskSnapshot): TaskWatch {
    const watch = new TaskWatch(snapshot);
    this.#add(snapshot.taskId, watch);
    // What happened between the snapshot and now was told to nobody here.
    void this.#look([snapshot.taskId]);
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
      void this.#look([taskId]);
    }
  }

  // Who waits for the end alone is not concerned: for each task there are two such events.
  moved(taskId: string): void {
    const followers = this.#followers.get(taskId);
    if (followers && [...followers].some((follower) => follower instanceof TaskWatch)) {
      void this.#look([taskId]);
    }
  }

  /** Lets those who wait go on for a time, then tells the rest that the pool has closed. */
  async drain(timeoutMs: number): Promise<void> {
    await this.#untilIdle(timeoutMs);
    this.#failAll(() => new PoolClosedError());
    clearInterval(this.#timer);
  }

  #add(taskId: string, follower: Follower): void {
    const followers = this.#followers.get(taskId) ?? new Set();
    this.#followers.set(taskId, followers.add(follower));
    this.#timer ??= setInterval(() => void this.#lookAround(), LOOK_INTERVAL_MS);
  }

  async #lookAround(): Promise<void> {
    if (this.link.isUp) {
      const due = [...this.#due];
      this.#due = new Set(this.#followers.keys());
      await this.#look(due);
    } else if (this.link.downMs > this.outageToleranceMs) {
      this.#failAll(() => new PoolUnavailableError());
    }
  }

  async #look(taskIds: string[]): Promise<void> {
    try {
      for (let from = 0; from < taskIds.length; from += BATCH) {
        const batch = taskIds.slice(from, from + BATCH);
        const snapshots = await this.commands.readTasks(batch);
        batch.forEach((taskId, index) => this.#tell(taskId, snapshots[index] ?? null));
      }
    } catch {
      // Redis is away: the next look comes within a second.
    }
  }

  #tell(taskId: string, snapshot: TaskSnapshot | null): void {
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
    if (follower instanceof TaskWatch || follower.accepted) {
      follower.fail(new TaskLostError(taskId));
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
