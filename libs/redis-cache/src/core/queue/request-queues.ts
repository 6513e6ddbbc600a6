import type { NamedQueueOptions } from '../options/redis-cache-options.js';
import {
  type ResolvedRedisCacheOptions,
  resolveQueueOptions,
} from '../options/redis-cache-options.schema.js';
import { InvalidCallOptionError } from '../errors/errors.js';
import type { QueueSurroundings } from './queue-parts.js';
import { QueueCore } from './queue-core.js';

const MAX_NAME_LENGTH = 128;

/** The queues of one instance, by name. */
export class RequestQueues {
  readonly #cores = new Map<string, QueueCore>();
  #closing: Promise<void> | undefined;

  constructor(
    private readonly surroundings: QueueSurroundings,
    private readonly defaults: ResolvedRedisCacheOptions['queue'],
  ) {
    this.#create(defaults.name, defaults);
  }

  /** The queue that the instance's own methods use. */
  get plain(): QueueCore {
    return this.#cores.get(this.defaults.name)!;
  }

  /**
   * The queue of that name, with the options of whoever asked for it first.
   *
   * @throws {InvalidCallOptionError} a wrong name, a wrong option, or options that differ from the first ones
   */
  get(name: string, options?: NamedQueueOptions): QueueCore {
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH || !name.isWellFormed()) {
      throw new InvalidCallOptionError('name', `must be a text of 1 to ${MAX_NAME_LENGTH} characters`);
    }
    const known = this.#cores.get(name);
    const resolved = options === undefined ? this.defaults : resolveQueueOptions(this.defaults, options);
    if (known === undefined) return this.#create(name, resolved);
    if (options !== undefined) assertSame(known, resolved);
    return known;
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#cores.values()].map((core) => core.close()));
    await this.surroundings.arrivals.close();
  }

  #create(name: string, options: ResolvedRedisCacheOptions['queue']): QueueCore {
    const core = new QueueCore({ ...this.surroundings, ...options, name });
    this.#cores.set(name, core);
    return core;
  }
}

function assertSame({ parts }: QueueCore, options: Required<NamedQueueOptions>): void {
  const names = ['maxLength', 'maxRequestBytes', 'leaseSeconds', 'maxDeliveries', 'maxDeadLetters'] as const;
  const differing = names.find((name) => parts[name] !== options[name]);
  if (differing === undefined) return;
  throw new InvalidCallOptionError(differing, `is ${parts[differing]} already for the queue "${parts.name}"`);
}
