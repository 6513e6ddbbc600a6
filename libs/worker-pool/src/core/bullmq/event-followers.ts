import type { Redis } from 'ioredis';
import { atMost, endClient, type RedisClient } from 'nestjs-redis-connection';
import { PoolClosedError, PoolUnavailableError, TaskStreamInterruptedError } from '../contract/errors.js';
import type { TaskResult } from '../contract/task.js';
import type { ResolvedBullmqOptions } from '../options/pool-options.js';
import { EventFollower } from './event-follower.js';
import type { FaultLog } from './fault-log.js';
import { Pump } from './pump.js';
import type { QueueCommands } from './queue-commands.js';
import type { QueueKeys } from './queue-keys.js';
import { isConnectionProblem, type QueueLink } from './queue-link.js';

/** Minimum time between two reads of a task, in milliseconds. */
const READ_MS = 10;
/** Mean interval of the reads that find what notifications missed, in milliseconds; each varies by half. */
const POLL_MS = 500;
/** Maximum time that the last reads may take when the pool closes, in milliseconds. */
const CLOSE_MS = 1_000;
/** Limits of one read, which all followed tasks of this process share, and of one task in it. */
const MAX_BYTES = 2 * 1024 * 1024;
const MAX_TASK_BYTES = 256 * 1024;

/** Dependencies of {@link EventFollowers}. */
export interface FollowersParts {
  link: QueueLink;
  commands: QueueCommands;
  keys: QueueKeys;
  faults: FaultLog;
  options: Pick<ResolvedBullmqOptions, 'outageToleranceMs' | 'maxStreamBytes'>;
  /** Opens the connection for announcements, with the first followed task. */
  openPatient: () => RedisClient;
}

/**
 * All tasks whose events this process follows. The workers announce what they append, on one channel for each task;
 * what was announced at about the same time is read in one call, each task at most once in 10 ms. A poll finds what
 * announcements missed.
 */
export class EventFollowers {
  readonly #followers = new Map<string, { follower: EventFollower; streams: number }>();
  readonly #pump = new Pump<EventFollower>(READ_MS, (followers) => this.#read(followers));
  readonly #idleListeners = new Set<() => void>();
  #subscriber: RedisClient | undefined;
  #poll: NodeJS.Timeout | undefined;

  constructor(private readonly parts: FollowersParts) {
    parts.link.onUp(() => this.#readAll());
  }

  /**
   * Follows a task for one more stream; shared by all of them.
   *
   * @param isNew the task has just been created: it has no events yet
   */
  follow(taskId: string, isNew: boolean): EventFollower {
    const followed = this.#followers.get(taskId) ?? this.#start(taskId, isNew);
    followed.streams += 1;
    return followed.follower;
  }

  /** The task has ended: reads the rest of its events, then ends its readers. */
  finish(follower: EventFollower, result: TaskResult): void {
    follower.finish(result);
    this.#refresh(follower);
  }

  /** The end of the task will never be known. */
  fail(follower: EventFollower, reason: unknown): void {
    follower.fail(reason);
    this.#stop(follower);
  }

  /** A stream no longer follows the task. The events of an ended task are read to their end nevertheless. */
  release(follower: EventFollower): void {
    const followed = this.#followers.get(follower.taskId);
    if (followed?.follower !== follower) {
      return;
    }
    followed.streams -= 1;
    if (followed.streams === 0 && !follower.position.isLast) {
      this.fail(follower, new TaskStreamInterruptedError(follower.taskId));
    }
  }

  get areUsed(): boolean {
    return this.#followers.size > 0;
  }

  /** Lets the events of ended tasks be read, then fails the remaining readers with `PoolClosedError`. */
  async close(): Promise<void> {
    await atMost(CLOSE_MS, this.#whenIdle(), undefined);
    this.#failAll(() => new PoolClosedError());
    this.#pump.stop();
    if (this.#subscriber) {
      endClient(this.#subscriber);
    }
  }

  #start(taskId: string, isNew: boolean): { follower: EventFollower; streams: number } {
    const followed = { follower: new EventFollower(taskId, this.parts.options.maxStreamBytes), streams: 0 };
    this.#followers.set(taskId, followed);
    this.#subscriber ??= this.#subscribe();
    // A new task is not read before its first announcement, which would have to wait for the interval to end.
    const refresh = (): void => this.#refresh(followed.follower);
    this.#subscriber.subscribe(this.parts.keys.eventLog(taskId)).then(
      () => (isNew ? void setTimeout(refresh, READ_MS) : refresh()),
      // Without the announcements, the poll finds the events.
      this.parts.faults.report,
    );
    if (!isNew) refresh();
    this.#schedulePoll();
    return followed;
  }

  #stop(follower: EventFollower): void {
    this.#pump.forget(follower);
    if (this.#followers.get(follower.taskId)?.follower !== follower) {
      return;
    }
    this.#followers.delete(follower.taskId);
    this.#subscriber?.unsubscribe(this.parts.keys.eventLog(follower.taskId)).catch(() => {});
    if (this.#followers.size === 0) {
      clearTimeout(this.#poll);
      this.#poll = undefined;
      this.#idleListeners.forEach((listener) => listener());
    }
  }

  /** Reads what is new. */
  #refresh(follower: EventFollower): void {
    if (!follower.isClosed) {
      this.#pump.request(follower);
    }
  }

  // ioredis subscribes again after every reconnect.
  #subscribe(): RedisClient {
    const subscriber = this.parts.openPatient();
    (subscriber as Redis).on('message', (channel) => this.#onAnnounced(channel));
    subscriber.on('ready', () => this.#readAll());
    return subscriber;
  }

  #onAnnounced(channel: string): void {
    const followed = this.#followers.get(this.parts.keys.taskOfEventLog(channel));
    if (followed) {
      this.#refresh(followed.follower);
    }
  }

  #schedulePoll(): void {
    this.#poll ??= setTimeout(
      () => {
        this.#poll = undefined;
        this.#onPoll();
        if (this.#followers.size > 0) this.#schedulePoll();
      },
      POLL_MS * (0.5 + Math.random()),
    );
  }

  #onPoll(): void {
    const { link, options } = this.parts;
    if (link.isUp) {
      this.#readAll();
    } else if (link.downMs > options.outageToleranceMs) {
      this.#failAll(() => new PoolUnavailableError());
    }
  }

  #readAll(): void {
    this.#followers.forEach(({ follower }) => this.#refresh(follower));
  }

  async #read(batch: EventFollower[]): Promise<void> {
    const { link, commands } = this.parts;
    if (!link.isUp) {
      return;
    }
    const positions = batch.map(({ position }) => position);
    const maxBytes = Math.min(MAX_TASK_BYTES, Math.floor(MAX_BYTES / batch.length));
    try {
      const facts = await commands.readEvents(positions, maxBytes);
      batch.forEach((follower, index) => {
        const hasMore = follower.take(facts[index]!, positions[index]!.isLast);
        this.#after(follower, hasMore);
      });
    } catch (error) {
      this.#onReadFailed(batch, error);
    }
  }

  // While Redis is unavailable nothing is lost: it is read again when it is back, or with the next poll.
  #onReadFailed(batch: EventFollower[], error: unknown): void {
    this.parts.faults.report(error);
    if (!isConnectionProblem(error)) {
      batch.forEach((follower) => this.fail(follower, new PoolUnavailableError({ cause: error })));
    }
  }

  #after(follower: EventFollower, hasMore: boolean): void {
    if (follower.isClosed) {
      this.#stop(follower);
    } else if (hasMore) {
      this.#refresh(follower);
    }
  }

  #failAll(reasonOf: () => Error): void {
    for (const { follower } of this.#followers.values()) {
      this.fail(follower, reasonOf());
    }
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#followers.size === 0) resolve();
      else this.#idleListeners.add(resolve);
    });
  }
}
