import type { Redis } from 'ioredis';
import type { RedisClient } from 'nestjs-redis-connection';

interface Handle {
  ref?(): unknown;
  unref?(): unknown;
}

/**
 * Decides whether the connections of a cache keep the process alive; operations that wait do in any case. Nobody closes
 * the connections of an application that failed to start, so they must not keep it alive before it has started. Not
 * for a Cluster, whose client has timers of its own.
 */
export class ProcessHold {
  readonly #clients = new Set<Redis>();

  constructor(private isHeldNow = true) {}

  get isHeld(): boolean {
    return this.isHeldNow;
  }

  /** Applies to the client's present connection and to those that follow. */
  add(client: RedisClient): void {
    if (client.isCluster) return;
    const single = client as Redis;
    this.#clients.add(single);
    const apply = (): void => this.#apply(single);
    single.on('connect', apply);
    single.on('reconnecting', apply);
    single.once('end', () => this.#clients.delete(single));
    apply();
  }

  set(isHeld: boolean): void {
    this.isHeldNow = isHeld;
    for (const client of this.#clients) this.#apply(client);
  }

  #apply(client: Redis): void {
    const { stream, reconnectTimeout } = client as unknown as Record<string, Handle | null | undefined>;
    for (const handle of [stream, reconnectTimeout]) {
      if (this.isHeldNow) handle?.ref?.();
      else handle?.unref?.();
    }
  }
}
