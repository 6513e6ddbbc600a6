import { randomUUID } from 'node:crypto';
import type { Cluster } from 'ioredis';
import { isReplyError, type RedisClient } from 'nestjs-redis-connection';
import { describeServer } from '../../connection/describe-server.js';
import type { RedisConnection } from '../../connection/redis-connection.js';
import type {
  Backend,
  EntryStore,
  LinkListener,
  CounterStore,
  EventChannel,
  LeaseStore,
  TagStore,
} from '../backend.js';
import type { ArrivalChannel, QueueStore } from '../queue-store.js';
import type { StreamStore } from '../stream-store.js';
import {
  announceBy,
  announceNothing,
  ORIGIN_LENGTH,
  RedisEventChannel,
  type RedisEventChannelOptions,
} from './redis-event-channel.js';
import { KeySpace } from './key-space.js';
import { RedisArrivalChannel } from './redis-arrival-channel.js';
import { RedisCounterStore } from './redis-counter-store.js';
import { RedisEntryStore } from './redis-entry-store.js';
import { RedisLeaseStore } from './redis-lease-store.js';
import { RedisQueueStore } from './redis-queue-store.js';
import { RedisStreamStore } from './redis-stream-store.js';
import { RedisTagStore } from './redis-tag-store.js';

const PROBE_TTL_MS = 10_000;

export interface RedisBackendOptions {
  keyPrefix: string;
  /** Whether this process announces its writes to the others, because the server does not. */
  publishes: boolean;
  events: Omit<RedisEventChannelOptions, 'fault'>;
}

/** Redis: standalone, behind Sentinels, or a Cluster. */
export class RedisBackend implements Backend {
  readonly kind = 'redis';
  readonly entries: EntryStore;
  readonly queue: QueueStore;
  readonly leases: LeaseStore;
  readonly tags: TagStore;
  readonly counters: CounterStore;
  readonly streams: StreamStore;
  readonly events: EventChannel;
  readonly arrivals: ArrivalChannel;
  serverId: string | undefined;
  readonly #keys: KeySpace;
  readonly #keyStart: string;
  #isReached = false;
  #onFault: (error: unknown) => void = () => {};

  constructor(
    private readonly connection: RedisConnection,
    { keyPrefix, publishes, events }: RedisBackendOptions,
  ) {
    const { client } = connection;
    const keys = new KeySpace(keyPrefix);
    // ioredis puts its prefix before keys, not before channels.
    const clientPrefix = client.options.keyPrefix ?? '';
    const channel = `${clientPrefix}${keys.channel}`;
    const arrivals = `${clientPrefix}${keys.arrivals}`;
    const announce = publishes ? announceBy(client, channel) : announceNothing;
    const origin = randomUUID().slice(0, ORIGIN_LENGTH);
    this.#keys = keys;
    this.#keyStart = `${clientPrefix}${keyPrefix}:`;
    this.entries = new RedisEntryStore(client, keys, announce);
    this.queue = new RedisQueueStore(client, keys, arrivals);
    this.leases = new RedisLeaseStore(client, keys, channel, origin);
    this.tags = new RedisTagStore(client, keys, announce);
    this.counters = new RedisCounterStore(client, keys);
    this.streams = new RedisStreamStore(client, keys, channel);
    const fault = (error: unknown): void => this.#onFault(error);
    this.events = new RedisEventChannel(client, keys, channel, origin, { ...events, fault });
    this.arrivals = new RedisArrivalChannel(client, arrivals, events.connection, fault);
  }

  watch(listener: LinkListener): void {
    const up = (): void => {
      void this.#identify(listener);
      listener.up();
    };
    this.#onFault = (error) => listener.fault?.(error);
    this.connection.watch({ up, down: (reason) => listener.down(reason) });
  }

  // Sent first on a new connection, so the id is known before the reply to any other command.
  async #identify(listener: LinkListener): Promise<void> {
    const { client } = this.connection;
    if (client.isCluster && this.#isReached) return;
    const server = client.isCluster ? (client as Cluster).nodes('master')[0] : client;
    // A user without the right to it still has a connection.
    const info = await server?.info('server').catch(() => undefined);
    if (info !== undefined && !client.isCluster) this.serverId = /^run_id:(\w+)/m.exec(info)?.[1];
    if (this.#isReached || client.status !== 'ready') return;
    this.#isReached = true;
    listener.reached?.(`${describeServer(client, info ?? '')}; keys begin with ${this.#keyStart}`);
  }

  // A node of a Cluster replies to PING even when the Cluster as a whole serves no key.
  async ping(): Promise<unknown> {
    const { client } = this.connection;
    await this.connection.usable();
    return client.isCluster ? client.exists(this.#keys.probe) : client.ping();
  }

  pingWrite(): Promise<unknown> {
    return this.connection.client.set(this.#keys.probe, '', 'PX', PROBE_TTL_MS);
  }

  /** On a Cluster, of the master that may evict the most. */
  async evictionPolicy(): Promise<string> {
    const { client } = this.connection;
    const servers = client.isCluster ? (client as Cluster).nodes('master') : [client];
    const policies = await Promise.all(servers.map(policyOf));
    return policies.find((policy) => policy.startsWith('allkeys-')) ?? policies[0] ?? '';
  }

  reconnect(): void {
    this.connection.reconnect();
  }

  async close(): Promise<void> {
    await Promise.all([this.events.close(), this.arrivals.close(), this.connection.close()]);
  }
}

async function policyOf(server: RedisClient): Promise<string> {
  try {
    return /^maxmemory_policy:(\S+)/m.exec(await server.info('memory'))?.[1] ?? '';
  } catch (error) {
    // A user without the right to INFO still has a connection.
    if (isReplyError(error)) return '';
    throw error;
  }
}
