import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { type RedisClient, requireDatabase, retryDelay } from 'nestjs-redis-connection';
import { RedisConnection, type LinkOptions } from './redis-connection.js';

/** A message: a string from a process, or a list of keys from the server. */
export type ServerMessage = Buffer | Buffer[] | null;

export interface SubscriberLinkListener {
  up(subscriber: Redis): void;
  down(): void;
  message(channel: Buffer, message: ServerMessage): void;
}

/** Pause before a refused subscription is tried again, in milliseconds: a right has to be granted first. */
const REFUSED_RETRY_MS = 30_000;

/** Attempts to connect to a node of a Cluster before another node is tried. */
const ATTEMPTS_PER_NODE = 3;

/**
 * A connection for subscriptions, in addition to a client. In a Cluster every node receives all messages, so this
 * is a plain connection to one node: the subscriber of ioredis moves between nodes without an event, and the
 * messages missed meanwhile would go unnoticed.
 */
export class SubscriberLink {
  #connection: RedisConnection | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  readonly #start = (): void => this.#connect();

  constructor(
    private readonly client: RedisClient,
    private readonly options: Omit<LinkOptions, 'owned'>,
    private readonly listener: SubscriberLinkListener,
  ) {
    this.#connect();
  }

  reconnect(): void {
    this.#connection?.reconnect();
  }

  /** Calls `up` again on the open connection after a long pause. */
  retryLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connection?.report(), REFUSED_RETRY_MS).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.client.off('ready', this.#start);
    await this.#connection?.close();
  }

  #connect(): void {
    if (this.#closed) return;
    const subscriber = this.#duplicate();
    if (subscriber === null) {
      this.client.once('ready', this.#start);
      return;
    }
    subscriber.on('messageBuffer', (channel: Buffer, message: ServerMessage) =>
      this.listener.message(channel, message),
    );
    if (this.client.isCluster) subscriber.once('end', this.#start);
    this.#connection = new RedisConnection(subscriber, { ...this.options, owned: true });
    const up = (): void => {
      clearTimeout(this.#retry);
      this.listener.up(subscriber);
    };
    this.#connection.watch({ up, down: () => this.listener.down() });
  }

  /** Returns `null` while the nodes of a Cluster are unknown. With RESP3, redirected invalidations would not arrive. */
  #duplicate(): Redis | null {
    const options: RedisOptions = { protocol: 2, autoResubscribe: false };
    if (!this.client.isCluster) return requireDatabase((this.client as Redis).duplicate(options));
    const cluster = this.client as Cluster;
    const masters = cluster.status === 'ready' ? cluster.nodes('master') : [];
    const node = masters[Math.floor(Math.random() * masters.length)];
    return node?.duplicate({ ...options, lazyConnect: false, retryStrategy }) ?? null;
  }
}

function retryStrategy(attempt: number): number | null {
  return attempt > ATTEMPTS_PER_NODE ? null : retryDelay(attempt);
}
