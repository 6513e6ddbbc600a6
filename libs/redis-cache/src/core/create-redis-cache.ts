import type { Backend } from './backend/backend.js';
import type { ProcessHold } from './connection/process-hold.js';
import { createBackend } from './create-backend.js';
import { Computations } from './cache/computations.js';
import { Computer } from './cache/computer.js';
import { EventWatch } from './cache/event-watch.js';
import { EntryReader } from './cache/entry-reader.js';
import { GetOrSet, type GetOrSetDependencies } from './cache/get-or-set.js';
import { GetOrStream } from './cache/get-or-stream.js';
import { JoinCheck } from './cache/join-check.js';
import { KeyPages } from './cache/key-pages.js';
import { Lookups } from './cache/lookup.js';
import { ResultKeeper, type ResultKeeperDependencies } from './cache/result-keeper.js';
import { Resumption } from './cache/resumption.js';
import { PendingInvalidations } from './cache/pending-invalidations.js';
import { WriteBehind } from './cache/write-behind.js';
import { type InProgress, Invalidation } from './cache/invalidation.js';
import { EntryPacker } from './entry/compression.js';
import { ListeningNearCache, type NearCache, NO_NEAR_CACHE } from './near/near-cache.js';
import { ResponseWriter } from './cache/response-writer.js';
import type { RedisCacheOptions } from './options/redis-cache-options.js';
import { type ResolvedRedisCacheOptions, resolveOptions } from './options/redis-cache-options.schema.js';
import { SharedCounters } from './shared-counters.js';
import { encrypted } from './encrypted-backend.js';
import { UnreadableReport } from './encryption/unreadable.js';
import { EvictionWatch } from './guard/eviction-watch.js';
import { Guard } from './guard/guard.js';
import { Arrivals } from './queue/arrivals.js';
import type { QueueDependencies } from './queue/queue-core.js';
import { RequestQueues } from './queue/request-queues.js';
import type { RedisCacheParts } from './redis-cache.parts.js';
import { ObservedCache } from './observed-cache.js';
import type { RedisCacheService } from './redis-cache.service.js';
import { StatePublisher } from './telemetry/state.js';
import { Publisher } from './stream/publisher.js';
import { createCounters } from './counters/counters.js';
import { instanceOptionNames } from './errors/option-names.js';
import { type CacheLogger, consoleLogger } from './util/cache-logger.js';

/** Dependencies of a cache that `createRedisCache` creates by default. */
export interface CacheDependencies {
  /** Name of the cache in telemetry, and in the default logger's lines, as `RedisCache:<name>`. Default: none. */
  name?: string;
  /** Default: one short line per message on stderr. */
  logger?: CacheLogger;
  /** Store to use in place of the one that the options name; closed with the cache. */
  backend?: Backend;
  /** Decides whether open connections keep the process alive. Default: they do. */
  hold?: ProcessHold;
  /** Clock for the ages and expiry of entries, in epoch milliseconds. Default: the system clock. */
  now?: () => number;
}

const DEPENDENCIES = instanceOptionNames<CacheDependencies>({
  name: true,
  logger: true,
  backend: true,
  hold: true,
  now: true,
});

/**
 * Creates a cache without Nest, for scripts and worker processes. It starts to connect at once and returns
 * without waiting; operations that are called meanwhile wait for the connection within their deadline.
 *
 * @throws {InvalidOptionsError} a wrong option, or an unknown dependency
 * @example
 * const cache = createRedisCache({ connection: { url: 'redis://localhost:6379' } });
 * await cache.cacheResponse('greeting', { text: 'hello' }, 60);
 * await cache.close();
 */
export function createRedisCache(
  options: RedisCacheOptions = {},
  dependencies: CacheDependencies = {},
): RedisCacheService {
  DEPENDENCIES.check(dependencies, 'dependencies');
  const { name, logger, backend, hold, now } = dependencies;
  const resolved = resolveOptions(options);
  const label = name === undefined ? 'RedisCache' : `RedisCache:${name}`;
  const store = backend ?? createBackend(resolved, now, hold);
  return assemble(resolved, store, logger ?? consoleLogger(label), now, hold, name);
}

/** Assembles a service over a backend. */
export function assemble(
  options: ResolvedRedisCacheOptions,
  store: Backend,
  logger: CacheLogger,
  now: () => number = () => Date.now(),
  hold?: ProcessHold,
  name?: string,
): RedisCacheService {
  const counters = createCounters();
  const unreadable = new UnreadableReport(counters, logger);
  const { backend, opener } = encrypted(store, options, unreadable);
  const states = new StatePublisher(name);
  const guard = new Guard(backend, { deadlineMs: options.commandTimeoutMs, counters, logger, hold, states });
  const near = createNearCache(options, backend, logger, now);
  const packer = new EntryPacker(options.compressAboveBytes);
  const { maxValueBytes } = options;
  const pending = new PendingInvalidations({ backend, guard, near, logger });
  const shared = { backend, guard, counters, logger, near, pending, packer, maxValueBytes, now };
  const reading = { ...shared, opener, unreadable };
  const reader = new EntryReader({ ...reading, entries: backend.entries, tags: backend.tags });
  const writeBehind = createWriteBehind(options, shared);
  const defaults = { ...options.getOrSet, ttlSeconds: options.getOrSet.ttlSeconds ?? options.ttlSeconds };
  const lookups = new Lookups({ reader, near, now, counters, defaults });
  const { maxLive } = options.streams;
  const computing = createComputing({ ...shared, reader, writeBehind, lookups, defaults, maxLive });
  const evictions = new EvictionWatch(backend, guard, logger);
  return new ObservedCache({
    backend,
    guard,
    counters,
    near,
    lookups,
    writer: new ResponseWriter({ ...shared, store: backend.entries, ttlSeconds: options.ttlSeconds }),
    ...computing.parts,
    invalidation: new Invalidation({ ...shared, writeBehind, inProgress: computing.inProgress }),
    keyPages: new KeyPages(backend.entries, guard),
    queues: createQueues(options, { ...shared, evictions }),
    sharedCounters: new SharedCounters(backend.counters, guard, evictions),
    evictions,
  });
}

type QueueUse = Omit<QueueDependencies, 'store' | 'arrivals'> & { backend: Backend };

function createQueues(
  options: ResolvedRedisCacheOptions,
  { backend, guard, counters, logger, evictions }: QueueUse,
): RequestQueues {
  // While Redis is unavailable, requests that this process holds may be all there is.
  const queuesInUse = (queues: string[]): Promise<string[]> =>
    guard.run(() => backend.queue.inUse(queues), queues);
  const arrivals = new Arrivals(backend.arrivals, queuesInUse);
  const use = { store: backend.queue, guard, counters, logger, arrivals, evictions };
  return new RequestQueues(use, options.queue);
}

type WriteBehindUse = Pick<ResultKeeperDependencies, 'backend' | 'guard' | 'counters' | 'pending' | 'now'>;

function createWriteBehind(options: ResolvedRedisCacheOptions, use: WriteBehindUse): WriteBehind {
  const { backend, guard, counters, pending, now } = use;
  const repeatInvalidations = (): Promise<boolean> => pending.repeat();
  return new WriteBehind(backend.entries, guard, counters, options.writeBehind, now, repeatInvalidations);
}

type Computing = ResultKeeperDependencies & Omit<GetOrSetDependencies, 'computations'> & { maxLive: number };

/** The parts that run factories. */
function createComputing(use: Computing): {
  parts: Pick<RedisCacheParts, 'getOrSet' | 'getOrStream' | 'resumption'>;
  inProgress: readonly InProgress[];
} {
  const keeper = new ResultKeeper(use);
  const publisher = new Publisher({ ...use, streams: use.backend.streams });
  const computer = new Computer({ ...use, keeper, publisher, events: new EventWatch(use.backend.events) });
  const computations = new Computations(computer);
  const getOrSet = new GetOrSet({ ...use, computations });
  const getOrStream = new GetOrStream({
    ...use,
    computations,
    joinCheck: new JoinCheck(use.backend, use.guard),
  });
  const resumption = new Resumption({ ...use, keeper, leaseOf: computer.leaseOf.bind(computer) });
  const parts = { getOrSet, getOrStream, resumption };
  return { parts, inProgress: [computations, getOrSet, getOrStream, resumption] };
}

function createNearCache(
  { near }: ResolvedRedisCacheOptions,
  backend: Backend,
  logger: CacheLogger,
  now: () => number,
): NearCache {
  // The memory backend is as near as a copy would be.
  if (near === undefined || backend.kind === 'memory') return NO_NEAR_CACHE;
  const staleMs = near.staleSeconds * 1000;
  return new ListeningNearCache({ ...near, staleMs, now }, logger).listenTo(backend.events);
}
