import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { type RedisClient, retryDelay } from 'nestjs-redis-connection';
import { RedisConnection, type LinkOptions } from './redis-connection.js';

/** What a subscription carries: text of a process, or the server's list of keys. */
export type ServerMessage = Buffer | Buffer[] | null;

export interface SubscriberLinkListener {
  up(subscriber: Redis): void;
  down(): void;
  message(channel: Buffer, message: ServerMessage): void;
}

/** So often a node of a Cluster is tried before another one is. */
const ATTEMPTS_PER_NODE = 3;

/**
 * A connection for subscriptions beside a client. In a Cluster every node hears what is published on any,
 * so it is a plain connection to one of them: that of ioredis moves from node to node without a word, and
 * what is missed meanwhile would go unnoticed.
 */
export class SubscriberLink {
  #connection: RedisConnection | undefined;
  #closed = false;
  readonly #begin = (): void => this.#connect();

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

  async close(): Promise<void> {
    this.#closed = true;
    this.client.off('ready', this.#begin);
    await this.#connection?.close();
  }

  #connect(): void {
    if (this.#closed) return;
    const subscriber = this.#duplicate();
    if (subscriber === null) {
      this.client.once('ready', this.#begin);
      return;
    }
    subscriber.on('messageBuffer', (channel: Buffer, message: ServerMessage) =>
      this.listener.message(channel, message),
    );
    if (this.client.isCluster) subscriber.once('end', this.#begin);
    this.#connection = new RedisConnection(subscriber, { ...this.options, owned: true });
    this.#connection.watch({ up: () => this.listener.up(subscriber), down: () => this.listener.down() });
  }

  /** `null` while a Cluster's nodes are not known. With RESP3 a redirected invalidation stays silent. */
  #duplicate(): Redis | null {
    const options: RedisOptions = { protocol: 2, autoResubscribe: false };
    if (!this.client.isCluster) return (this.client as Redis).duplicate(options);
    const cluster = this.client as Cluster;
    const masters = cluster.status === 'ready' ? cluster.nodes('master') : [];
    const node = masters[Math.floor(Math.random() * masters.length)];
    return node?.duplicate({ ...options, lazyConnect: false, retryStrategy }) ?? null;
  }
}

function retryStrategy(attempt: number): number | null {
  return attempt > ATTEMPTS_PER_NODE ? null : retryDelay(attempt);
}
