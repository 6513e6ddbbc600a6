import type { Queue } from 'bullmq';
import { atMost, BLOCK_MS, endClient, type RedisClient } from 'nestjs-redis-connection';
import type { ResolvedBullmqOptions } from '../options/bullmq-options.schema.js';
import { collectCopies, openClient } from './connection/open-client.js';
import { QueueLink } from './connection/queue-link.js';
import { loadPackages, type Packages } from './packages.js';
import { Producer, type TaskData } from './producer.js';
import { QueueCommands } from './queue-commands.js';
import { QueueKeys } from './queue-keys.js';
import { listenToEvents } from './waiting/task-events.js';
import { TaskWaiters } from './waiting/task-waiters.js';
import { WorkerHost } from './worker/worker-host.js';

/** What closing the connections may take, whatever Redis does, in milliseconds. */
const CLOSE_MS = 1_000;

/** The parts of a pool over BullMQ, connected. */
export interface Engine {
  link: QueueLink;
  commands: QueueCommands;
  producer: Producer;
  waiters: TaskWaiters;
  /** Its connections are gone. */
  readonly isClosed: boolean;
  /** Lets what is under way end within the drain time, and closes every connection. */
  close(): Promise<void>;
}

/**
 * Builds what the role needs. Waits for the packages, never for Redis.
 *
 * @throws {InvalidPoolOptionsError} the packages are not installed
 */
export async function openEngine(options: ResolvedBullmqOptions): Promise<Engine> {
  const packages = await loadPackages();
  const keys = new QueueKeys(options);
  const link = new QueueLink(openClient(packages, options, 'hasty'), options.commandTimeoutMs);
  const commands = new QueueCommands(link, keys, options.resultTtlMs);
  const queue = openQueue(packages, options, keys, link.client);
  const waiters = new TaskWaiters(link, commands, options.outageToleranceMs);
  const patient = openClient(packages, options, 'patient');
  const copies = collectCopies(patient);
  const closeEvents =
    options.role === 'worker' ? async () => {} : hearEvents(packages, options, keys, patient, waiters);
  const host =
    options.role === 'producer' ? null : new WorkerHost({ options, packages, link, commands, keys, patient });
  let isClosed = false;
  return {
    link,
    commands,
    waiters,
    producer: new Producer(link, queue, commands, options.maxBacklog),
    get isClosed() {
      return isClosed;
    },
    close: async () => {
      await Promise.all([host?.close(), waiters.drain(options.drainTimeoutMs)]);
      isClosed = true;
      const closing = Promise.allSettled([closeEvents(), queue.close()]);
      if (!link.isUp) {
        // What BullMQ waits for would not come any more.
        [patient, ...copies].forEach(endClient);
      }
      await atMost(CLOSE_MS, closing, undefined);
      [patient, ...copies].forEach(endClient);
      link.close();
    },
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
    // A submission that cannot be sent now is told so now; the link decides what to wait for.
    skipWaitingForReady: true,
    skipMetasUpdate: true,
  });
  queue.on('error', () => {});
  return queue;
}

// On a connection of its own, which BullMQ makes from the one that it is given.
function hearEvents(
  { bullmq }: Packages,
  { queueName }: ResolvedBullmqOptions,
  { prefix }: QueueKeys,
  connection: RedisClient,
  waiters: TaskWaiters,
): () => Promise<void> {
  const options = { connection, prefix, skipVersionCheck: true, blockingTimeout: BLOCK_MS };
  const events = new bullmq.QueueEvents(queueName, options);
  listenToEvents(events, waiters);
  return () => events.close();
}
