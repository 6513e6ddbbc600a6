import { setTimeout } from 'node:timers/promises';
import type { Queue, QueueEvents } from 'bullmq';
import { BLOCK_MS, FailoverWatch, type RedisClient } from 'nestjs-redis-connection';
import type { ResolvedBullmqOptions } from '../options/pool-options.js';
import { collectCopies, loadPackages, openClient, type Packages } from './clients.js';
import { EngineShutdown } from './engine-shutdown.js';
import { FaultLog } from './fault-log.js';
import { EventFollowers } from './event-followers.js';
import { Producer, type TaskData } from './producer.js';
import { QueueCommands } from './queue-commands.js';
import { QueueKeys } from './queue-keys.js';
import { QueueLink } from './queue-link.js';
import { listenToEvents, TaskWaiters } from './task-waiters.js';
import { WorkerHost } from './worker-host.js';

/** Pause before the events are read again, in milliseconds. Look-ups find what is missed meanwhile. */
const EVENTS_RETRY_MS = 200;

/** The connected parts of a pool over BullMQ. */
export interface Engine {
  link: QueueLink;
  commands: QueueCommands;
  producer: Producer;
  waiters: TaskWaiters;
  followers: EventFollowers;
  /** Whether its connections are closed. */
  readonly isClosed: boolean;
  /** Whether a call of this process waits for it; what its worker does is not counted. */
  readonly isUsed: boolean;
  /**
   * Lets work in progress end within the drain time, then closes every connection. A later call may shorten that time.
   *
   * @param drainMs default: the option `drainTimeoutMs`
   */
  close(drainMs?: number): Promise<void>;
}

/**
 * Creates the parts that the role needs. Waits for the packages to load, never for Redis.
 *
 * @throws {InvalidPoolOptionsError} the packages are not installed
 */
export async function openEngine(options: ResolvedBullmqOptions): Promise<Engine> {
  const packages = await loadPackages();
  const keys = new QueueKeys(options);
  const faults = new FaultLog(options.logger);
  const shared = { faults, watch: new FailoverWatch() };
  const hasty = openClient(packages, options, 'hasty', shared);
  const link = new QueueLink(hasty, options.commandTimeoutMs, faults.report);
  link.onUp(() => faults.recovered());
  const commands = new QueueCommands(link, keys, options);
  const queue = openQueue(packages, options, keys, link.client);
  const waiters = new TaskWaiters(link, commands, options.outageToleranceMs);
  const openPatient = (): RedisClient => openClient(packages, options, 'patient', shared);
  const followers = new EventFollowers({ options, link, commands, keys, faults, openPatient });
  const patient = openPatient();
  const copies = collectCopies(patient);
  const closeEvents =
    options.role === 'worker' ? async () => {} : openEvents(packages, options, keys, patient, waiters);
  const host =
    options.role === 'producer'
      ? null
      : new WorkerHost({ options, packages, link, commands, keys, patient, shared });
  const closeQueue = (): Promise<unknown> => Promise.allSettled([closeEvents(), queue.close()]);
  const clients = (): RedisClient[] => [patient, ...copies];
  const shutdown = new EngineShutdown({ faults, link, host, waiters, followers, closeQueue, clients });
  return {
    link,
    commands,
    waiters,
    followers,
    producer: new Producer(link, queue, commands, options.maxBacklog),
    get isClosed() {
      return shutdown.isDone;
    },
    get isUsed() {
      return link.isUsed || waiters.areUsed || followers.areUsed;
    },
    close: (drainMs = options.drainTimeoutMs) => shutdown.begin(drainMs),
  };
}

function openQueue(
  { bullmq }: Packages,
  { queueName }: ResolvedBullmqOptions,
  { prefix }: QueueKeys,
  connection: RedisClient,
): Queue<TaskData> {
  const queue = new bullmq.Queue<TaskData>(queueName, {
    connection,
    prefix,
    skipVersionCheck: true,
    // A submission that cannot be sent now fails now; the link decides what to wait for.
    skipWaitingForReady: true,
    skipMetasUpdate: true,
  });
  queue.on('error', () => {});
  return queue;
}

// BullMQ opens a separate connection for the events, as a copy of the given one.
function openEvents(
  { bullmq }: Packages,
  { queueName, maxResultBytes }: ResolvedBullmqOptions,
  { prefix }: QueueKeys,
  connection: RedisClient,
  waiters: TaskWaiters,
): () => Promise<void> {
  const options = { connection, prefix, skipVersionCheck: true, blockingTimeout: BLOCK_MS, autorun: false };
  const events = new bullmq.QueueEvents(queueName, options);
  listenToEvents(events, waiters, maxResultBytes);
  let isClosed = false;
  void runUntil(() => isClosed, events);
  return () => {
    isClosed = true;
    return events.close();
  };
}

/** BullMQ stops reading at an event that is no JSON; the next run continues after it. */
async function runUntil(isClosed: () => boolean, events: QueueEvents): Promise<void> {
  while (!isClosed()) {
    await events.run().catch(() => {});
    await setTimeout(EVENTS_RETRY_MS, undefined, { ref: false });
  }
}
