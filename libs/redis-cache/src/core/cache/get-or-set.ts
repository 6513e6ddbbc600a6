import type { GetOrSetOptions } from '../options/get-or-set-options.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { assertKey } from '../entry/arguments.js';
import type { NearEntry } from '../near/near-cache.js';
import {
  type CacheResult,
  type CacheResultStatus,
  computedResult,
  isDue,
  type LookUpResult,
  nearResult,
  storedResult,
} from './cache-result.js';
import { type Computer, hasStale, type Order } from './computer.js';
import type { EntryReader, Found, Reading } from './entry-reader.js';
import { type Factory, readFailure } from './factory.js';
import { type Departure, Flight, Flights } from './flight.js';
import type { Lookups } from './lookup.js';
import type { Computed } from './result-keeper.js';
import { type CallDefaults, type Settings, settingsOf } from './settings.js';

export interface GetOrSetDependencies {
  reader: EntryReader;
  computer: Computer;
  lookups: Lookups;
  now: () => number;
  counters: RedisCacheCounters;
  defaults: CallDefaults;
}

type Call = Omit<Order, 'reading' | 'isCurrent'>;

const NO_OPTIONS: GetOrSetOptions = {};
const NOT_READ: Reading = { state: 'missing', seen: null };
const SOFT_LIMIT = Symbol('soft limit');
const ignore = (): void => {};

/**
 * Gets or computes a value. Calls for one key share a look-up, and separately a computation: a look-up that returns a
 * stale value ends while the computation that it started goes on.
 */
export class GetOrSet {
  readonly #lookups = new Flights<LookUpResult>();
  readonly #computations = new Flights<Computed>();
  #invalidations = 0;

  constructor(private readonly use: GetOrSetDependencies) {}

  /** The value alone. A near hit is a promise that exists already. */
  value<T>(key: string, factory: Factory<T>, options = NO_OPTIONS): Promise<T> {
    const near = this.#near(key, factory, options);
    return near === undefined ? this.#value(key, factory, options) : (near.promise as Promise<T>);
  }

  async entry<T>(key: string, factory: Factory<T>, options = NO_OPTIONS): Promise<CacheResult<T>> {
    const near = this.#near(key, factory, options);
    return near === undefined ? this.#run(key, factory, options) : nearResult<T>(key, near, this.use.now());
  }

  /** Later calls do not join what began before. */
  forget(key: string): void {
    this.#invalidations += 1;
    this.#lookups.forget(key);
    this.#computations.forget(key);
  }

  forgetAll(): void {
    this.#invalidations += 1;
    this.#lookups.forgetAll();
    this.#computations.forgetAll();
  }

  #near<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): NearEntry | undefined {
    if (options.readPolicy === 'no-cache') return undefined;
    const near = this.use.lookups.near(key);
    if (near === undefined) return undefined;
    const ahead = options.refreshAhead ?? this.use.defaults.refreshAhead;
    if (ahead !== undefined && isDue(near.times, ahead, this.use.now())) {
      void this.#refresh(key, factory, options).catch(ignore);
    }
    return near;
  }

  /** Looks the entry up again, which starts the refresh if no other process has. Its errors do not concern the caller. */
  async #refresh<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): Promise<void> {
    await this.#join(this.#callOf(key, factory, options), undefined);
  }

  #callOf<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): Call {
    const settings = settingsOf(options, this.use.defaults);
    return { key, factory: factory as Factory<unknown>, settings };
  }

  async #value<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): Promise<T> {
    return (await this.#run(key, factory, options)).value;
  }

  async #run<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): Promise<CacheResult<T>> {
    assertKey(key, 'key');
    const call = this.#callOf(key, factory, options);
    const { outdated, ...result } = await this.#join(call, options.signal);
    this.#count(result.status);
    return result as CacheResult<T>;
  }

  async #join(call: Call, signal: AbortSignal | undefined, again = false): Promise<LookUpResult> {
    const { key, settings } = call;
    // A value that must be new, or that is not stored, is not shared.
    if (!settings.reads || !settings.writes) {
      return new Flight((departure) => this.#lookUp(call, departure)).join(signal);
    }
    const joined = this.#lookups.get(key);
    const flight = joined ?? this.#lookups.launch(key, (departure) => this.#lookUp(call, departure));
    const result = await flight.join(signal);
    if (!joined || result.source !== 'factory') return result;
    // A caller that joined may have come after the invalidation, and must not get a value computed before it. A
    // look-up that begins now began after the caller came, so once more is enough.
    return result.outdated && !again ? this.#join(call, signal, true) : { ...result, status: 'collapsed' };
  }

  async #lookUp(call: Call, departure: Departure, again = false): Promise<LookUpResult> {
    const { key, settings } = call;
    const reading = settings.reads ? await this.use.reader.read(key) : NOT_READ;
    if (reading.state === 'fresh') return this.#fresh(call, reading);
    const inProgress = this.#computations.get(key);
    const computing = this.#computation({ ...call, reading });
    const result = hasStale({ reading, settings }, this.use.now())
      ? await this.#computedOrStale(call, computing, reading as Found, departure.signal)
      : computedResult(key, await computing.join(departure.signal), reading, this.use.now());
    // The same holds for a computation that an earlier look-up started.
    const isOlder = result.outdated && computing === inProgress;
    return isOlder && !again ? this.#lookUp(call, departure, true) : result;
  }

  #fresh(call: Call, reading: Found): LookUpResult {
    if (reading.entry.failure) throw readFailure(reading.entry.value);
    if (isDueForRefresh(reading, call.settings, this.use.now()))
      void this.#computation({ ...call, reading })
        .join()
        .catch(ignore);
    return storedResult(call.key, reading, 'hit', this.use.now());
  }

  /** Waits no longer than the soft limit, and returns the stale value instead of a failure. */
  async #computedOrStale(
    { key, settings }: Call,
    computing: Flight<Computed>,
    reading: Found,
    signal: AbortSignal,
  ): Promise<LookUpResult> {
    try {
      const computed = await atSoftLimit(computing.join(signal), settings.softTimeoutMs);
      if (computed !== SOFT_LIMIT) return computedResult(key, computed, reading, this.use.now());
    } catch (error) {
      signal.throwIfAborted();
      if (!hasStale({ reading, settings }, this.use.now())) throw error;
    }
    return storedResult(key, reading, 'stale', this.use.now());
  }

  #computation(order: Omit<Order, 'isCurrent'>): Flight<Computed> {
    const { key, settings } = order;
    const isShared = settings.reads && settings.writes;
    const joined = isShared ? this.#computations.get(key) : undefined;
    if (joined) return joined;
    const invalidations = this.#invalidations;
    const isCurrent = (): boolean =>
      isShared ? this.#computations.get(key) === flight : this.#invalidations === invalidations;
    const compute = ({ signal }: Departure): Promise<Computed> =>
      this.use.computer.compute({ ...order, isCurrent }, signal);
    const flight = isShared ? this.#computations.launch(key, compute) : new Flight(compute);
    return flight;
  }

  #count(status: CacheResultStatus): void {
    const { counters } = this.use;
    if (status === 'hit') counters.hits += 1;
    else if (status === 'stale') counters.stale += 1;
    else if (status === 'collapsed') counters.collapsed += 1;
    else counters.misses += 1;
  }
}

function isDueForRefresh({ entry }: Found, { refreshAhead, writes }: Settings, now: number): boolean {
  return (
    writes && refreshAhead !== undefined && entry.times !== null && isDue(entry.times, refreshAhead, now)
  );
}

function atSoftLimit<T>(promise: Promise<T>, ms: number | undefined): Promise<T | typeof SOFT_LIMIT> {
  if (ms === undefined) return promise;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(SOFT_LIMIT), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
