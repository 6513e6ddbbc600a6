import type { GetOrSetOptions } from '../options/get-or-set-options.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { assertKey } from '../entry/cache-key.js';
import type { NearEntry } from '../near/near-cache.js';
import { type Departure, Flight } from './flight.js';
import { agesOf, isDue } from './ages.js';
import type { CacheResult, CacheResultStatus, Factory } from './cache-result.js';
import { type Computer, hasStale, type Order } from './computer.js';
import { deepFreeze } from '../entry/deep-freeze.js';
import type { EntryReader, Found, Reading } from './entry-reader.js';
import type { Lookups } from './lookup.js';
import { readFailure } from './failure-text.js';
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

/** `outdated`: for those who asked before the key was invalidated. */
type LookUpResult = CacheResult<unknown> & { outdated?: true };
type Flights<T> = Map<string, Flight<T>>;

const NO_OPTIONS: GetOrSetOptions = {};
const SOFT_LIMIT = Symbol('soft limit');

/**
 * Get or compute. Calls for one key share a look-up, and apart from it a computation: a look-up that
 * serves a stale value ends while the computation that it began goes on.
 */
export class GetOrSet {
  readonly #lookups: Flights<LookUpResult> = new Map();
  readonly #computations: Flights<Computed> = new Map();
  #forgotten = 0;

  constructor(private readonly use: GetOrSetDependencies) {}

  /** The value alone. A near hit is a promise that is there already. */
  value<T>(key: string, factory: Factory<T>, options = NO_OPTIONS): Promise<T> {
    const near = this.#near(key, factory, options);
    return near === undefined ? this.#value(key, factory, options) : (near.promise as Promise<T>);
  }

  async entry<T>(key: string, factory: Factory<T>, options = NO_OPTIONS): Promise<CacheResult<T>> {
    const near = this.#near(key, factory, options);
    return near === undefined ? this.#run(key, factory, options) : nearResult<T>(key, near, this.use.now());
  }

  #near<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): NearEntry | undefined {
    if (options.readPolicy === 'no-cache') return undefined;
    const near = this.use.lookups.near(key);
    if (near === undefined) return undefined;
    const ahead = options.refreshAhead ?? this.use.defaults.refreshAhead;
    if (ahead !== undefined && isDue(near.times, ahead, this.use.now())) {
      void this.#lookUpBehind(key, factory, options).catch(ignore);
    }
    return near;
  }

  /** Finds the entry due as well, and begins the refresh if nobody else did. Nothing it meets is the caller's. */
  async #lookUpBehind<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): Promise<void> {
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

  /** Calls from now on do not join what began before. */
  forget(key: string): void {
    this.#forgotten += 1;
    this.#lookups.delete(key);
    this.#computations.delete(key);
  }

  forgetAll(): void {
    this.#forgotten += 1;
    this.#lookups.clear();
    this.#computations.clear();
  }

  async #join(call: Call, signal: AbortSignal | undefined, again = false): Promise<LookUpResult> {
    const { key, settings } = call;
    // What is computed anew or not stored is nobody else's answer.
    if (!settings.reads || !settings.writes) {
      return new Flight((departure) => this.#lookUp(call, departure), ignore).join(signal);
    }
    const joined = this.#lookups.get(key);
    const flight = joined ?? launch(this.#lookups, key, (departure) => this.#lookUp(call, departure));
    const result = await flight.join(signal);
    if (!joined || result.source !== 'factory') return result;
    // Who joined may have come after the invalidation, and must not get what was computed before it. What
    // is looked up now begins after they came, hence once is enough.
    return result.outdated && !again ? this.#join(call, signal, true) : { ...result, status: 'collapsed' };
  }

  async #lookUp(call: Call, departure: Departure, again = false): Promise<LookUpResult> {
    const { key, settings } = call;
    const reading = settings.reads ? await this.use.reader.read(key) : NOT_READ;
    if (reading.state === 'fresh') return this.#fresh(call, reading);
    const underWay = this.#computations.get(key);
    const computing = this.#computation({ ...call, reading });
    const result = hasStale({ reading, settings }, this.use.now())
      ? await this.#computedOrStale(call, computing, reading as Found, departure.signal)
      : computedResult(key, await computing.join(departure.signal), reading, this.use.now());
    // The same holds for a computation that an earlier look-up began.
    const older = result.outdated && computing === underWay;
    return older && !again ? this.#lookUp(call, departure, true) : result;
  }

  #fresh(call: Call, reading: Found): LookUpResult {
    if (reading.entry.failure) throw readFailure(reading.entry.value);
    if (isDueForRefresh(reading, call.settings, this.use.now()))
      void this.#computation({ ...call, reading })
        .join()
        .catch(ignore);
    return storedResult(call.key, reading, 'hit', this.use.now());
  }

  /** Waits no longer than the soft limit, and takes the stale value instead of a failure. */
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
    const shared = settings.reads && settings.writes;
    const joined = shared ? this.#computations.get(key) : undefined;
    if (joined) return joined;
    const forgotten = this.#forgotten;
    const isCurrent = (): boolean =>
      shared ? this.#computations.get(key) === flight : this.#forgotten === forgotten;
    const compute = ({ signal }: Departure): Promise<Computed> =>
      this.use.computer.compute({ ...order, isCurrent }, signal);
    const flight = shared ? launch(this.#computations, key, compute) : new Flight(compute, ignore);
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

type Call = Omit<Order, 'reading' | 'isCurrent'>;

const NOT_READ: Reading = { state: 'missing', seen: null };
const ignore = (): void => {};

/** Begins a flight that others can join until it has landed or was abandoned. */
function launch<T>(flights: Flights<T>, key: string, work: (departure: Departure) => Promise<T>): Flight<T> {
  const leave = (): void => {
    if (flights.get(key) === flight) flights.delete(key);
  };
  const flight = new Flight(work, leave);
  flights.set(key, flight);
  flight.outcome.then(leave, leave);
  return flight;
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

function computedResult(key: string, computed: Computed, reading: Reading, now: number): LookUpResult {
  const { value, elsewhere, stored, outdated } = computed;
  const own = reading.state === 'unavailable' ? 'bypass' : 'miss';
  return {
    value: deepFreeze(value),
    status: elsewhere ? 'collapsed' : own,
    source: 'factory',
    ...agesOf(computed.times, now),
    key,
    stored,
    ...(outdated && { outdated }),
  };
}

function nearResult<T>(key: string, { value, times }: NearEntry, now: number): CacheResult<T> {
  return { value: value as T, status: 'hit', source: 'near', ...agesOf(times, now), key, stored: true };
}

function storedResult(
  key: string,
  { entry }: Found,
  status: 'hit' | 'stale',
  now: number,
): CacheResult<unknown> {
  const value = deepFreeze(entry.value);
  return { value, status, source: 'redis', ...agesOf(entry.times, now), key, stored: true };
}
