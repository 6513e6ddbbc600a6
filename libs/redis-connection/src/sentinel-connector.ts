import type { Socket } from 'node:net';
import type { Redis, RedisOptions, SentinelConnector } from 'ioredis';

/** What a client keeps open while it looks for its master, beside what ioredis reports of it. */
export class SentinelSearch {
  /** Connections to Sentinels. */
  readonly clients = new Set<Redis>();
  /** Called when a connection or a pause has been added. */
  onOpened: () => void = () => {};

  #pause: NodeJS.Timeout | undefined;
  #endPause: () => void = () => {};

  /** The pause before the next attempt. */
  get pause(): NodeJS.Timeout | undefined {
    return this.#pause;
  }

  add(client: Redis): Redis {
    this.clients.add(client);
    client.once('end', () => this.clients.delete(client));
    this.onOpened();
    return client;
  }

  /**
   * Repeats an attempt until it succeeds, fails without a pause, or `end()` is called.
   *
   * @param pauseAfter returns the pause after this number of failures, in milliseconds; `undefined` to give up
   */
  async repeat<T>(
    attempt: () => Promise<T>,
    pauseAfter: (failures: number, error: Error) => number | undefined,
  ): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        const pauseMs = pauseAfter(failures, error as Error);
        if (pauseMs === undefined) throw error;
        await this.#wait(pauseMs);
      }
    }
  }

  end(): void {
    this.#endPause();
    for (const client of this.clients) client.disconnect();
  }

  /** Resolves after this time; rejects with `end()`. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pause = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(this.#pause);
        // In the words by which ioredis recognises it.
        reject(new Error('Connection is closed.'));
      };
      this.onOpened();
    });
  }
}

const searches = new WeakMap<object, SentinelSearch>();

/** Returns the search of a client of `createClient` that connects by Sentinel. */
export function sentinelSearchOf(client: object): SentinelSearch | undefined {
  const { connector } = client as { connector?: object };
  return connector && searches.get(connector);
}

/** The parts of ioredis's connector that are used here. It declares most of them private, yet 5 and 6 have the same. */
interface Connector {
  connecting: boolean;
  /** With the defaults of ioredis. */
  options: RedisOptions & { connectTimeout: number };
  connect(emit: ErrorEmitter): Promise<Socket>;
  disconnect(): void;
  /** Queries one Sentinel for the address of the master. */
  resolve(endpoint: object): Promise<unknown>;
  /** Opens a client: without options for one query, with options to be notified of fail-overs. */
  connectToSentinel(endpoint: object, options?: RedisOptions): Redis;
}

/** One query to a Sentinel at a time, and why the latest one failed. */
class SentinelQuery {
  #failure: Error | undefined;
  #client: Redis | undefined;

  /** Sets the client of the query: it knows why its connection failed, the query only that it is closed. */
  use(client: Redis): void {
    this.#client = client;
    this.#failure = undefined;
    client.on('error', (error) => (this.#failure ??= error));
  }

  /** Resolves as the reply does; rejects with the reason, after this time at the latest. */
  async reply<T>(reply: Promise<T>, timeoutMs: number): Promise<T> {
    try {
      return await orTimeout(reply, timeoutMs, () => this.#client?.disconnect());
    } catch (error) {
      this.#failure ??= error as Error;
      throw this.#failure;
    }
  }
}

type ErrorEmitter = (event: string, error: Error) => void;
type ConnectorConstructor = new (options: RedisOptions) => Connector;

/**
 * Makes a connector that looks for a master as that of ioredis does, except that
 *
 * - what it opens can be found by `sentinelSearchOf`, and ends with `disconnect()`,
 * - a Sentinel that does not reply within `connectTimeout` is left for the next one: ioredis would wait forever.
 */
export function sentinelConnector(Base: typeof SentinelConnector): NonNullable<RedisOptions['Connector']> {
  class AttendedConnector extends (Base as unknown as ConnectorConstructor) {
    readonly #search = new SentinelSearch();
    readonly #query = new SentinelQuery();

    constructor(private readonly given: RedisOptions) {
      super({ ...given, sentinelRetryStrategy: () => null });
      searches.set(this, this.#search);
    }

    override connect(emit: ErrorEmitter): Promise<Socket> {
      return this.#search.repeat(
        () => super.connect(emit),
        (failures, error) => this.#pauseAfter(failures, error, emit),
      );
    }

    #pauseAfter(failures: number, error: Error, emit: ErrorEmitter): number | undefined {
      const pauseMs = this.connecting ? this.given.sentinelRetryStrategy?.(failures) : undefined;
      if (typeof pauseMs !== 'number') return undefined;
      emit('error', willRetry(error));
      // A listener may have disconnected the client.
      return this.connecting ? pauseMs : undefined;
    }

    override disconnect(): void {
      super.disconnect();
      this.#search.end();
    }

    override resolve(endpoint: object): Promise<unknown> {
      return this.#query.reply(super.resolve(endpoint), this.options.connectTimeout);
    }

    override connectToSentinel(endpoint: object, options?: RedisOptions): Redis {
      const { disconnectTimeout } = this.options;
      const client = super.connectToSentinel(endpoint, { disconnectTimeout, ...options });
      if (!options) this.#query.use(client);
      return this.#search.add(client);
    }
  }
  return AttendedConnector as unknown as NonNullable<RedisOptions['Connector']>;
}

/** Removes what ioredis says because its own attempts end here. */
function willRetry(error: Error): Error {
  error.message = error.message.replace(' and retry is disabled', '');
  return error;
}

// The socket, not this timer, decides whether the process is kept alive.
function orTimeout<T>(promise: Promise<T>, ms: number, onTimeout: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`no reply within ${ms} ms`));
      onTimeout();
    }, ms).unref();
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
