import type { Redis } from 'ioredis';
import { isReplyError, type RedisClient } from 'nestjs-redis-connection';
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
    private readonly fault: (error: unknown) => void,
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
      if (!isReplyError(error)) return this.#link?.reconnect();
      // This user may not subscribe: a new connection would not help, and polling goes on.
      this.fault(error);
      this.#link?.retryLater();
    }
  }
}
