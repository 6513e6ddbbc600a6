import { GET_OR_SET_OPTIONS, type GetOrSetOptions } from '../options/get-or-set-options.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { assertKey } from '../entry/arguments.js';
import type { NearEntry } from '../near/near-cache.js';
import type { CacheOperation } from '../telemetry/operation.js';
import {
  type CacheResult,
  computedResult,
  countStatus,
  isDue,
  isDueForRefresh,
  type LookUpResult,
  nearResult,
  storedResult,
} from './cache-result.js';
import type { Computation, Computations, Task } from './computations.js';
import { hasStale } from './computer.js';
import type { EntryReader, Found, Reading } from './entry-reader.js';
import { type Factory, readFailure } from './factory.js';
import { type Departure, Flight, Flights } from './flight.js';
import type { Lookups } from './lookup.js';
import { type CallDefaults, settingsOf } from './settings.js';
import { atSoftLimit, SOFT_LIMIT } from './soft-limit.js';

export interface GetOrSetDependencies {
  reader: EntryReader;
  computations: Computations;
  lookups: Lookups;
  now: () => number;
  counters: RedisCacheCounters;
  defaults: CallDefaults;
}

interface Call extends Pick<Task, 'key' | 'settings' | 'operation'> {
  factory: Factory<unknown>;
}

const NO_OPTIONS: GetOrSetOptions = {};
const NOT_READ: Reading = { state: 'missing', seen: null };
const ignore = (): void => {};

/**
 * Gets or computes a value. Calls for one key share a look-up, and separately a computation: a look-up that returns a
 * stale value ends while the computation that it started goes on.
 */
export class GetOrSet {
  readonly #lookups = new Flights<LookUpResult>();

  constructor(private readonly use: GetOrSetDependencies) {}

  /** The value alone. A near hit is a promise that exists already. */
  value<T>(key: string, factory: Factory<T>, options = NO_OPTIONS): Promise<T> {
    const near = this.#near(key, factory, options);
    return near === undefined ? this.#value(key, factory, options) : (near.promise as Promise<T>);
  }

  /** @param operation the call, while operations are observed */
  async entry<T>(
    key: string,
    factory: Factory<T>,
    options = NO_OPTIONS,
    operation?: CacheOperation,
  ): Promise<CacheResult<T>> {
    const near = this.#near(key, factory, options);
    return near === undefined
      ? this.#run(key, factory, options, operation)
      : nearResult<T>(key, near, this.use.now());
  }

  /** Later calls do not join what began before. */
  forget(key: string): void {
    this.#lookups.forget(key);
  }

  forgetAll(): void {
    this.#lookups.forgetAll();
  }

  #near<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): NearEntry | undefined {
    // Unknown options are refused where a miss completes them.
    if (options !== NO_OPTIONS && !GET_OR_SET_OPTIONS.areKnown(options)) return undefined;
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

  #callOf<T>(key: string, factory: Factory<T>, options: GetOrSetOptions, operation?: CacheOperation): Call {
    const settings = settingsOf(options, this.use.defaults);
    return { key, factory: factory as Factory<unknown>, settings, operation };
  }

  async #value<T>(key: string, factory: Factory<T>, options: GetOrSetOptions): Promise<T> {
    return (await this.#run(key, factory, options)).value;
  }

  async #run<T>(
    key: string,
    factory: Factory<T>,
    options: GetOrSetOptions,
    operation?: CacheOperation,
  ): Promise<CacheResult<T>> {
    assertKey(key, 'key');
    GET_OR_SET_OPTIONS.check(options);
    const call = this.#callOf(key, factory, options, operation);
    const { outdated, unverified, elsewhere, leader, ...result } = await this.#join(call, options.signal);
    if (operation !== undefined && leader !== operation) operation.leader = leader;
    countStatus(this.use.counters, result.status);
    return result as CacheResult<T>;
  }

  async #join(call: Call, signal: AbortSignal | undefined, again = false): Promise<LookUpResult> {
    const { key, settings } = call;
    // A value that must be new, or that is not stored, is not shared.
    if (!settings.reads || !settings.writes) {
      return new Flight((departure) => this.#lookUp(call, departure)).join(signal);
    }
    const joined = this.#lookups.get(key);
    // It has read before this caller came.
    const isLate = joined?.isOpen === true;
    if (joined === undefined || (isLate && again)) return this.#launch(call).join(signal);
    const { isServing } = this.use.reader;
    const result = await joined.join(signal);
    // A caller that joined may have come after an invalidation, and must not get what was computed or read before it.
    // A look-up that begins now began after the caller came, so once more is enough.
    if (isLate && mayBeOutdated(result, isServing))
      return collapsedInto(result, await this.#join(call, signal, true));
    return result.source === 'factory' ? { ...result, status: 'collapsed' } : result;
  }

  #launch(call: Call): Flight<LookUpResult> {
    return this.#lookups.launch(call.key, (departure) => this.#lookUp(call, departure));
  }

  async #lookUp(call: Call, departure: Departure, again = false): Promise<LookUpResult> {
    const { key, settings } = call;
    const since = this.use.reader.moment;
    departure.isOpen = false;
    const reading = settings.reads ? await this.use.reader.read(key) : NOT_READ;
    if (reading.state === 'fresh') return this.#fresh(call, reading);
    departure.isOpen = true;
    const inProgress = this.use.computations.get(key);
    const computing = this.use.computations.joinOrStart({ ...call, reading, since });
    const result = hasStale({ reading, settings }, this.use.now())
      ? await this.#computedOrStale(call, computing, reading as Found, departure.signal)
      : computedResult(key, await computing.flight.join(departure.signal), reading, this.use.now());
    if (result.source === 'factory') result.leader = computing.operation;
    if (computing !== inProgress || result.source !== 'factory') return result;
    // The same holds for a computation that an earlier look-up, or a stream, started.
    return mayBeOutdated(result, reading.state !== 'unavailable') && !again
      ? collapsedInto(result, await this.#lookUp(call, departure, true))
      : { ...result, status: 'collapsed' };
  }

  #fresh(call: Call, reading: Found): LookUpResult {
    if (reading.entry.failure) throw readFailure(reading.entry.value);
    if (isDueForRefresh(reading, call.settings, this.use.now()))
      void this.use.computations
        .joinOrStart({ ...call, reading, since: this.use.reader.moment })
        .flight.join()
        .catch(ignore);
    return storedResult(call.key, reading, 'hit', this.use.now());
  }

  /** Waits no longer than the soft limit, and returns the stale value instead of a failure. */
  async #computedOrStale(
    { key, settings }: Call,
    { flight }: Computation,
    reading: Found,
    signal: AbortSignal,
  ): Promise<LookUpResult> {
    try {
      const computed = await atSoftLimit(flight.join(signal), settings.softTimeoutMs);
      if (computed !== SOFT_LIMIT) return computedResult(key, computed, reading, this.use.now());
    } catch (error) {
      signal.throwIfAborted();
      if (!hasStale({ reading, settings }, this.use.now())) throw error;
    }
    return storedResult(key, reading, 'stale', this.use.now());
  }
}

/**
 * Whether a value may have been computed, or read from Redis, before an invalidation that was confirmed before a caller
 * joined.
 *
 * @param isServing whether Redis could be reached then
 */
function mayBeOutdated(
  { source, outdated, unverified, elsewhere }: LookUpResult,
  isServing: boolean,
): boolean {
  return (
    source !== 'factory' || outdated === true || elsewhere === true || (unverified === true && isServing)
  );
}

/** The second result of a caller that joined; a hit is the value that it has waited for. */
function collapsedInto(first: LookUpResult, second: LookUpResult): LookUpResult {
  const isSame = first.elsewhere === true && second.status === 'hit';
  return isSame ? { ...second, status: 'collapsed', source: 'factory' } : second;
}
