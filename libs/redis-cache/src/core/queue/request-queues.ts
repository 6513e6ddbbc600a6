import { InvalidCallOptionError } from '../errors/errors.js';
import type { NamedQueueOptions } from '../options/redis-cache-options.js';
import {
  type ResolvedRedisCacheOptions,
  resolveQueueOptions,
} from '../options/redis-cache-options.schema.js';
import { QueueCore, type QueueDependencies } from './queue-core.js';
import { ObservedQueue } from './observed-queue.js';
import type { RequestQueue } from './request-queue.js';

const MAX_NAME_LENGTH = 128;
const OPTION_NAMES = [
  'maxLength',
  'maxBytes',
  'maxRequestBytes',
  'leaseSeconds',
  'maxDeliveries',
  'maxDeadLetters',
] as const;

interface OpenQueue {
  core: QueueCore;
  queue: RequestQueue;
}

/** The queues of one cache instance, by name. */
export class RequestQueues {
  /** The queue of the module's `queue` options. */
  readonly default: RequestQueue;
  readonly #open = new Map<string, OpenQueue>();
  #closing: Promise<void> | undefined;

  constructor(
    private readonly dependencies: QueueDependencies,
    private readonly defaults: ResolvedRedisCacheOptions['queue'],
  ) {
    this.default = this.#create(defaults.name, defaults);
  }

  /**
   * The queue with this name, by default that of the module's options. The first call for a name decides its options.
   *
   * @throws {InvalidCallOptionError} an invalid name or option, or an option that differs from the first call's
   */
  get(name: string = this.defaults.name, options?: NamedQueueOptions): RequestQueue {
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH || !name.isWellFormed()) {
      throw new InvalidCallOptionError('name', `must be a string of 1 to ${MAX_NAME_LENGTH} characters`);
    }
    const existing = this.#open.get(name);
    const resolved = options === undefined ? this.defaults : resolveQueueOptions(this.defaults, options);
    if (existing === undefined) return this.#create(name, resolved);
    if (options !== undefined) assertSameOptions(existing.core, resolved);
    return existing.queue;
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ core }) => core.close()));
    await this.dependencies.arrivals.close();
  }

  #create(name: string, options: ResolvedRedisCacheOptions['queue']): RequestQueue {
    const core = new QueueCore({ ...this.dependencies, ...options, name });
    const queue = new ObservedQueue(core);
    this.#open.set(name, { core, queue });
    return queue;
  }
}

function assertSameOptions({ context }: QueueCore, options: Required<NamedQueueOptions>): void {
  const different = OPTION_NAMES.find((name) => context[name] !== options[name]);
  if (different === undefined) return;
  const expected = `must be ${context[different]}, as in the first call for the queue "${context.name}"`;
  throw new InvalidCallOptionError(different, expected);
}
