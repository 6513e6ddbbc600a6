import { atMost, endClient, type RedisClient } from 'nestjs-redis-connection';
import type { EventFollowers } from './event-followers.js';
import type { FaultLog } from './fault-log.js';
import type { QueueLink } from './queue-link.js';
import type { TaskWaiters } from './task-waiters.js';
import type { WorkerHost } from './worker-host.js';

/** Maximum time to close the connections, in milliseconds. */
const CLOSE_MS = 1_000;

/** What an {@link EngineShutdown} ends. */
export interface EndingParts {
  faults: FaultLog;
  link: QueueLink;
  /** `null` without a worker. */
  host: WorkerHost | null;
  waiters: TaskWaiters;
  followers: EventFollowers;
  /** Closes the parts of BullMQ. */
  closeQueue: () => Promise<unknown>;
  /** The clients that BullMQ uses; more may be opened until the end. */
  clients: () => RedisClient[];
}

/** Ends the parts of an engine in their order. */
export class EngineShutdown {
  #ending: Promise<void> | undefined;
  #isDone = false;

  constructor(private readonly parts: EndingParts) {}

  /** Whether the connections are closed. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Lets work in progress end within the given time, then closes every connection. A later call may shorten the time. */
  begin(drainMs: number): Promise<void> {
    const { host, waiters } = this.parts;
    const drained = Promise.all([host?.close(drainMs), waiters.drain(drainMs)]);
    return (this.#ending ??= this.#endAfter(drained));
  }

  async #endAfter(drained: Promise<unknown>): Promise<void> {
    const { faults, followers, closeQueue } = this.parts;
    faults.close();
    await drained;
    await followers.close();
    this.#isDone = true;
    await this.#endConnections(closeQueue());
  }

  async #endConnections(closing: Promise<unknown>): Promise<void> {
    const { link, clients } = this.parts;
    // BullMQ would wait for replies that cannot come.
    if (!link.isUp) clients().forEach(endClient);
    await atMost(CLOSE_MS, closing, undefined);
    clients().forEach(endClient);
    link.close();
  }
}
