import type { TextSealer } from '../../encryption/text-sealer.js';
import type { EntrySealer } from '../../entry/entry-sealing.js';
import type {
  Backend,
  CounterStore,
  EntryStore,
  EventChannel,
  LeaseStore,
  LinkListener,
  TagStore,
} from '../backend.js';
import type { ArrivalChannel, QueueStore } from '../queue-store.js';
import type { StreamStore } from '../stream-store.js';
import { SealedEntryStore } from './sealed-entry-store.js';
import { SealedLeaseStore } from './sealed-lease-store.js';
import { SealedQueueStore } from './sealed-queue-store.js';
import { SealedStreamStore } from './sealed-stream-store.js';

/**
 * Encrypts all content before it reaches a backend: values, failures, pieces of streams, requests. Names are not
 * encrypted: keys, tags, queues, counters and their numbers.
 */
export class SealedBackend implements Backend {
  readonly kind: Backend['kind'];
  readonly entries: EntryStore;
  readonly queue: QueueStore;
  readonly leases: LeaseStore;
  readonly tags: TagStore;
  readonly counters: CounterStore;
  readonly streams: StreamStore;
  readonly events: EventChannel;
  readonly arrivals: ArrivalChannel;

  constructor(
    private readonly inner: Backend,
    entries: EntrySealer,
    texts: TextSealer,
  ) {
    this.kind = inner.kind;
    this.entries = new SealedEntryStore(inner.entries, entries);
    this.queue = new SealedQueueStore(inner.queue, texts);
    this.leases = new SealedLeaseStore(inner.leases, entries, texts);
    this.streams = new SealedStreamStore(inner.streams, texts);
    this.tags = inner.tags;
    this.counters = inner.counters;
    this.events = inner.events;
    this.arrivals = inner.arrivals;
  }

  get serverId(): string | undefined {
    return this.inner.serverId;
  }

  watch(listener: LinkListener): void {
    this.inner.watch(listener);
  }

  ping(): Promise<unknown> {
    return this.inner.ping();
  }

  pingWrite(): Promise<unknown> {
    return this.inner.pingWrite();
  }

  async evictionPolicy(): Promise<string> {
    return (await this.inner.evictionPolicy?.()) ?? '';
  }

  reconnect(): void {
    this.inner.reconnect();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
