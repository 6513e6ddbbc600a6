import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type {
  Backend,
  CacheEvent,
  CacheEventListener,
  CounterStore,
  EntryStore,
  EventChannel,
  LeaseStore,
  LinkListener,
  TagStore,
} from '../backend.js';
import type { ArrivalChannel, QueueStore } from '../queue-store.js';
import type { StreamStore } from '../stream-store.js';
import { instanceOptionNames } from '../../errors/option-names.js';
import { MemoryCounterStore } from './memory-counter-store.js';
import { MemoryEntryStore } from './memory-entry-store.js';
import { MemoryLeaseStore } from './memory-lease-store.js';
import { MemoryStreamStore } from './memory-stream-store.js';
import { MemoryQueueStore } from './memory-queue-store.js';

export interface MemoryBackendOptions {
  /** Limit of the bytes of all entries. */
  maxBytes: number;
  /** Epoch milliseconds of a clock that never goes back. */
  now?: () => number;
}

const OPTIONS = instanceOptionNames<MemoryBackendOptions>({ maxBytes: true, now: true });

/** A backend in this process: always reachable, and lost with the process. */
export class MemoryBackend implements Backend {
  readonly kind = 'memory';
  readonly entries: EntryStore;
  readonly queue: QueueStore;
  readonly arrivals: ArrivalChannel;
  readonly leases: LeaseStore;
  readonly tags: TagStore = new MemoryTagStore();
  readonly counters: CounterStore;
  readonly streams: StreamStore;
  readonly events: EventChannel;

  /** @throws {InvalidOptionsError} an unknown option */
  constructor(options: MemoryBackendOptions) {
    OPTIONS.check(options);
    const { maxBytes, now = () => performance.timeOrigin + performance.now() } = options;
    const entries = new MemoryEntryStore(maxBytes, now, (key) => leases.revoke(key));
    const leases = new MemoryLeaseStore(entries, now);
    this.entries = entries;
    this.leases = leases;
    const queue = new MemoryQueueStore(now);
    this.queue = queue;
    this.arrivals = queue.arrivals;
    this.counters = new MemoryCounterStore(now);
    const events = new MemoryEventChannel();
    this.events = events;
    this.streams = new MemoryStreamStore(leases, now, (key) => events.emit({ type: 'pieces', key }));
  }

  watch(listener: LinkListener): void {
    listener.up();
  }

  async ping(): Promise<void> {}

  async pingWrite(): Promise<void> {}

  reconnect(): void {}

  close(): Promise<void> {
    return this.arrivals.close();
  }
}

/** Only announces pieces, for services that share the backend: there are no other processes. */
class MemoryEventChannel implements EventChannel {
  readonly #listeners = new Set<CacheEventListener>();

  listen(listener: CacheEventListener): void {
    this.#listeners.add(listener);
  }

  emit(event: CacheEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }
}

/** Dropping a tag invalidates its entries, as its eviction in Redis does. */
const MAX_TAGS = 100_000;

/** Tag versions in this process. */
export class MemoryTagStore implements TagStore {
  readonly #versions = new LRUCache<string, string>({ max: MAX_TAGS });

  async ensure(tags: readonly string[]): Promise<string[]> {
    return tags.map((tag) => this.#versions.get(tag) ?? this.#create(tag));
  }

  async read(tags: readonly string[]): Promise<(string | null)[]> {
    return tags.map((tag) => this.#versions.get(tag) ?? null);
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    for (const tag of tags) this.#versions.delete(tag);
  }

  #create(tag: string): string {
    const version = randomUUID();
    this.#versions.set(tag, version);
    return version;
  }
}
