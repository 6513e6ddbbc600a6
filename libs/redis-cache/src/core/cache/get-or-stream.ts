import type { RedisCacheCounters } from '../counters/counters.js';
import type { CacheOperation } from '../telemetry/operation.js';
import { assertKey } from '../entry/arguments.js';
import { InvalidCallOptionError } from '../errors/errors.js';
import { GET_OR_STREAM_OPTIONS, type GetOrStreamOptions } from '../options/get-or-set-options.js';
import {
  type CacheResult,
  computedResult,
  countStatus,
  isDue,
  isDueForRefresh,
  nearResult,
  storedResult,
} from './cache-result.js';
import { type CacheStream, ReplayedStream } from './cache-stream.js';
import type { Computation, Computations, Task } from './computations.js';
import { hasStale } from './computer.js';
import type { EntryReader, Found, Reading } from './entry-reader.js';
import { readFailure } from './factory.js';
import { type Departure, Flights } from './flight.js';
import type { JoinCheck } from './join-check.js';
import { LiveStream } from './live-stream.js';
import type { Lookups } from './lookup.js';
import { type CallDefaults, type Settings, settingsOf } from './settings.js';
import { atSoftLimit, SOFT_LIMIT } from './soft-limit.js';
import type { StreamFactory } from './stream-source.js';

export interface GetOrStreamDependencies {
  reader: EntryReader;
  computations: Computations;
  joinCheck: JoinCheck;
  lookups: Lookups;
  now: () => number;
  counters: RedisCacheCounters;
  defaults: CallDefaults;
}

/** One call of `getOrStream`. */
interface Call<C, V> {
  key: string;
  factory: StreamFactory<C>;
  settings: Settings;
  options: GetOrStreamOptions<C, V>;
  /** The call, while operations are observed. */
  operation?: CacheOperation | undefined;
}

const NOT_READ: Reading = { state: 'missing', seen: null };
const ignore = (): void => {};

/**
 * Gets a value in pieces, or computes it in pieces. Shares its computations with `GetOrSet`: a key has one entry and
 * one computation, whoever wants it and how.
 */
export class GetOrStream {
  readonly #readings = new Flights<Reading>();

  constructor(private readonly use: GetOrStreamDependencies) {}

  async open<C, V>(
    key: string,
    factory: StreamFactory<C>,
    options: GetOrStreamOptions<C, V>,
    operation?: CacheOperation,
  ): Promise<CacheStream<C, V>> {
    assertKey(key, 'key');
    GET_OR_STREAM_OPTIONS.check(options);
    assertFunction('collect', options.collect);
    assertFunction('replay', options.replay);
    const near = this.#near(key, factory, options);
    if (near !== undefined) return near;
    const stream = await this.#open(this.#callOf(key, factory, options, operation));
    countStatus(this.use.counters, stream.status);
    return stream;
  }

  /** Later calls do not share what began before. */
  forget(key: string): void {
    this.#readings.forget(key);
  }

  forgetAll(): void {
    this.#readings.forgetAll();
  }

  // The options are completed only when they are needed: that costs more than the rest of a near hit.
  #near<C, V>(
    key: string,
    factory: StreamFactory<C>,
    options: GetOrStreamOptions<C, V>,
  ): CacheStream<C, V> | undefined {
    if (options.readPolicy === 'no-cache') return undefined;
    const { lookups, now, defaults } = this.use;
    const copy = lookups.near(key);
    if (copy === undefined) return undefined;
    const ahead = options.refreshAhead ?? defaults.refreshAhead;
    if (ahead !== undefined && isDue(copy.times, ahead, now())) void this.#refresh(key, factory, options);
    return new ReplayedStream(nearResult<V>(key, copy, now()), options.replay);
  }

  /** Looks the entry up again, which starts the refresh if no other process has. Its errors do not concern the caller. */
  async #refresh<C, V>(
    key: string,
    factory: StreamFactory<C>,
    options: GetOrStreamOptions<C, V>,
  ): Promise<void> {
    try {
      await this.#open(this.#callOf(key, factory, { ...options, signal: undefined }));
    } catch {
      // The caller has its value.
    }
  }

  #callOf<C, V>(
    key: string,
    factory: StreamFactory<C>,
    options: GetOrStreamOptions<C, V>,
    operation?: CacheOperation,
  ): Call<C, V> {
    return { key, factory, settings: settingsOf(options, this.use.defaults), options, operation };
  }

  async #open<C, V>(call: Call<C, V>): Promise<CacheStream<C, V>> {
    const { settings } = call;
    const since = this.use.reader.moment;
    const reading = await this.#read(call);
    if (reading.state === 'fresh') return this.#hit(call, reading);
    const { computations } = this.use;
    const joined = settings.reads && settings.writes && computations.get(call.key) !== undefined;
    const computation = computations.joinOrStart(taskOf(call, reading, since));
    if (joined && call.operation !== undefined) call.operation.leader = computation.operation;
    return this.#live(call, computation, reading, joined);
  }

  /** Concurrent callers share one read. */
  #read<C, V>({ key, settings, options }: Call<C, V>): Promise<Reading> {
    options.signal?.throwIfAborted();
    if (!settings.reads) return Promise.resolve(NOT_READ);
    if (!settings.writes) return this.use.reader.read(key);
    const flight =
      this.#readings.get(key) ?? this.#readings.launch(key, (departure) => this.#look(key, departure));
    return flight.join(options.signal);
  }

  /** Reads the entry, and makes sure that a computation in progress can be joined. */
  async #look(key: string, departure: Departure): Promise<Reading> {
    departure.isOpen = false;
    const { reader, computations, joinCheck } = this.use;
    for (let again = false; ; again = true) {
      const reading = await reader.read(key);
      const running = computations.get(key);
      if (running === undefined || reading.state === 'fresh' || reading.state === 'unavailable')
        return reading;
      const state = await joinCheck.stateOf(key, running, reading.seen);
      if (state === 'stored' && !again) continue;
      if (state !== 'valid') computations.drop(key, running);
      return reading;
    }
  }

  #hit<C, V>(call: Call<C, V>, reading: Found): CacheStream<C, V> {
    if (reading.entry.failure) throw readFailure(reading.entry.value);
    if (isDueForRefresh(reading, call.settings, this.use.now())) {
      const task = taskOf(call, reading, this.use.reader.moment);
      const { flight } = this.use.computations.joinOrStart(task);
      void flight.join().catch(ignore);
    }
    return this.#replayed(call, storedResult(call.key, reading, 'hit', this.use.now()));
  }

  async #live<C, V>(
    call: Call<C, V>,
    computation: Computation,
    reading: Reading,
    joined: boolean,
  ): Promise<CacheStream<C, V>> {
    const { key, settings, options } = call;
    const { now } = this.use;
    const own = reading.state === 'unavailable' ? 'bypass' : 'miss';
    const live = new LiveStream<C, V>(computation, {
      key,
      ownStatus: joined ? 'collapsed' : own,
      collect: options.collect,
      replay: options.replay,
      resultOf: (computed, status) => withStatus(computedResult(key, computed, reading, now()), status),
      signal: options.signal,
    });
    const stale = hasStale({ reading, settings }, now());
    try {
      const first = await atSoftLimit(live.ready(), stale ? settings.softTimeoutMs : undefined);
      if (first === undefined) return live;
      if (first !== SOFT_LIMIT) {
        const result = computedResult(key, first, reading, now());
        return this.#replayed(call, withStatus(result, joined ? 'collapsed' : result.status));
      }
      live.detach();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!stale || !hasStale({ reading, settings }, now())) throw error;
    }
    return this.#replayed(call, storedResult(key, reading as Found, 'stale', now()));
  }

  #replayed<C, V>({ options }: Call<C, V>, result: CacheResult<unknown>): CacheStream<C, V> {
    return new ReplayedStream(result as CacheResult<V>, options.replay);
  }
}

function taskOf<C, V>(call: Call<C, V>, reading: Reading, since: number): Task {
  const { key, factory, settings, options, operation } = call;
  return { key, settings, reading, since, stream: factory, collect: options.collect, operation };
}

function withStatus<V>(
  result: ReturnType<typeof computedResult>,
  status: CacheResult<V>['status'],
): CacheResult<V> {
  const { outdated, unverified, elsewhere, ...rest } = result;
  return { ...rest, status } as CacheResult<V>;
}

function assertFunction(field: string, value: unknown): void {
  if (typeof value !== 'function') throw new InvalidCallOptionError(field, 'must be a function');
}
