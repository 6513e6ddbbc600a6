import type { Redis } from 'ioredis';
import type { RedisClient } from 'nestjs-redis-connection';
import type { LinkOptions } from '../../connection/redis-connection.js';
import { SubscriberLink } from '../../connection/subscriber-link.js';
import type { ArrivalChannel, ArrivalListener } from '../queue-store.js';

/**
 * Arrivals by publish and subscribe; each message is the name of a queue. A channel apart from the cache's events, so
 * that a process that only consumes requests does not receive those.
 */
export class RedisArrivalChannel implements ArrivalChannel {
  #link: SubscriberLink | undefined;
  #listener: ArrivalListener | undefined;
  #closed = false;

  constructor(
    private readonly client: RedisClient,
    private readonly channel: string,
    private readonly connection: Omit<LinkOptions, 'owned'>,
  ) {}

  listen(listener: ArrivalListener): void {
    if (this.#closed) return;
    this.#listener = listener;
    this.#link ??= new SubscriberLink(this.client, this.connection, {
      up: (subscriber) => void this.#subscribe(subscriber),
      down: () => {},
      message: (_channel, message) => this.#listener?.arrived(String(message)),
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listener = undefined;
    await this.#link?.close();
  }

  async #subscribe(subscriber: Redis): Promise<void> {
    try {
      await subscriber.subscribe(this.channel);
      this.#listener?.maybeArrived();
    } catch (error) {
      // A reply means that this user may not subscribe: a new connection would not help, and polling goes on.
      if (!(error instanceof Error) || error.name !== 'ReplyError') this.#link?.reconnect();
    }
  }
}
