import type { Cluster, Redis } from 'ioredis';
import { type RedisClient, sentinelSearchOf } from 'nestjs-redis-connection';

interface Handle {
  ref?(): unknown;
  unref?(): unknown;
}

/** What keeps a client of ioredis alive: its socket, the timer of its next attempt, and that of a Cluster's refreshes. */
type Handles = Partial<Record<'stream' | 'reconnectTimeout' | 'slotsTimer', Handle | null>>;

/** The connection for subscriptions that the client of a Cluster always opens. */
interface ClusterSubscriber {
  getInstance(): Redis | null;
}

/**
 * Decides whether the connections of a cache keep the process alive; operations that wait do in any case. Nobody closes
 * the connections of an application that failed to start, so they must not keep it alive before it has started.
 */
export class ProcessHold {
  readonly #clients = new Set<RedisClient>();

  constructor(private isHeldNow = true) {}

  get isHeld(): boolean {
    return this.isHeldNow;
  }

  /** Applies to the client's present connections and to those that follow. */
  add(client: RedisClient): void {
    if (this.#clients.has(client)) return;
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    const apply = (): void => this.#apply(client);
    client.on('connect', apply);
    client.on('reconnecting', apply);
    if (client.isCluster) this.#addNodes(client as Cluster);
    this.#addSentinels(client);
    apply();
  }

  set(isHeld: boolean): void {
    this.isHeldNow = isHeld;
    for (const client of this.#clients) this.#apply(client);
  }

  #addNodes(cluster: Cluster): void {
    cluster.nodes().forEach((node) => this.add(node));
    cluster.on('+node', (node) => this.add(node));
    // ioredis chooses the node for subscriptions, and starts the timer, after these events.
    const addOthers = (): void => void setImmediate(() => this.#addSubscriber(cluster));
    for (const event of ['+node', '-node', 'refresh']) cluster.on(event, addOthers);
  }

  #addSentinels(client: RedisClient): void {
    const search = sentinelSearchOf(client);
    if (!search) return;
    const addOpened = (): void => {
      for (const sentinel of search.clients) this.add(sentinel);
      this.#apply(client);
    };
    search.onOpened = addOpened;
    addOpened();
  }

  #addSubscriber(cluster: Cluster): void {
    const { subscriber } = cluster as unknown as { subscriber?: ClusterSubscriber };
    const client = subscriber?.getInstance();
    if (client && !this.#clients.has(client)) {
      this.add(client);
      client.once('end', () => this.#addSubscriber(cluster));
    }
    this.#apply(cluster);
  }

  #apply(client: RedisClient): void {
    const { stream, reconnectTimeout, slotsTimer } = client as unknown as Handles;
    for (const handle of [stream, reconnectTimeout, slotsTimer, sentinelSearchOf(client)?.pause]) {
      if (this.isHeldNow) handle?.ref?.();
      else handle?.unref?.();
    }
  }
}
