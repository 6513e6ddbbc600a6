import { endlessArrivals, recordedArrivals } from './arrivals.mjs';
import { costsFor, renewalsOf } from './costs.mjs';
import { randomFrom } from './zipf.mjs';

const { max, min } = Math;

/** Times between two polls of a waiter at first: `MIN_POLL_MS` and `MAX_POLL_MS` of holder-wait.ts. */
export const POLL_SECONDS = [0.05, 0.15];
/** `MAX_STRETCH` of holder-wait.ts: after a second, pauses between polls grow with the wait. */
export const MAX_STRETCH = 5;
/** The module's default TTL. */
const DEFAULT_TTL_MS = 3_600_000;

/** Traffic of a mid-sized gateway. Near copies have their default bound, leases their default time. */
export const DEFAULTS = {
  processes: 1,
  requestsPerSecond: 20,
  keys: 100_000,
  exponent: 0.9,
  ttlSeconds: 120,
  invalidationShare: 0.001,
  factorySeconds: 1,
  leaseMs: 5_000,
  valueBytes: 2_000,
  near: true,
  nearEntries: 10_000,
  /** Whether processes without near copies have waited for another process, and so receive the end of each computation. */
  listening: false,
  /** Whether the processes may subscribe; otherwise waiters only poll. */
  channels: true,
  warmUpSeconds: 120,
  seconds: 120,
  seed: 14,
};

/**
 * Simulates processes that share one Redis. `requestsPerSecond` is that of one process.
 *
 * @returns numbers of the time after the warm-up
 */
export function simulate(parameters) {
  const use = { ...DEFAULTS, ...parameters };
  const random = randomFrom(use.seed);
  return new Simulation(use, random).run(endlessArrivals({ ...use, random }));
}

/** Simulates the requests that real processes make with the same seed, without a warm-up. */
export function replay(parameters) {
  const use = { ...DEFAULTS, ...parameters, warmUpSeconds: 0 };
  // Not the numbers of the first process, or the times between polls would follow its requests.
  return new Simulation(use, randomFrom(~use.seed)).run(recordedArrivals(use));
}

class Simulation {
  #now = 0;
  #counts = zeros();

  constructor(parameters, random) {
    this.use = parameters;
    this.random = random;
    const { keys, processes, valueBytes, leaseMs, ttlSeconds, factorySeconds } = parameters;
    const ttlMs = ttlSeconds === Infinity ? DEFAULT_TTL_MS : ttlSeconds * 1_000;
    this.costsOf = costsFor({ valueBytes, leaseMs, ttlMs });
    this.renewals = renewalsOf(factorySeconds, leaseMs);
    /** Per key: until when it is computed, by which process, until when it is valid, and its version. */
    this.computedAt = new Float64Array(keys);
    this.leader = new Int32Array(keys).fill(-1);
    this.expiresAt = new Float64Array(keys);
    this.versions = new Int32Array(keys);
    this.near = Array.from({ length: processes }, () => new Map());
    /** Per key: the processes that compute it or wait for it. */
    this.flights = new Map();
    /** Entries in the order in which they expire, and per key the time that counts. */
    this.expiries = [];
    this.nextExpiry = 0;
    this.expiryOf = new Float64Array(keys);
  }

  run(arrivals) {
    const { warmUpSeconds, seconds, factorySeconds } = this.use;
    const end = warmUpSeconds + seconds;
    let isWarm = false;
    for (const { at, key, process, isInvalidation } of arrivals) {
      if (at >= end) break;
      this.#now = at;
      this.#expire(at);
      if (!isWarm && at >= warmUpSeconds) [isWarm, this.#counts] = [true, zeros()];
      if (isInvalidation) this.#invalidate(key);
      else this.#request(key, process);
    }
    // Real processes end with their last computation.
    if (warmUpSeconds === 0) this.#expire(end + factorySeconds);
    return { ...this.#counts, seconds };
  }

  /** With near copies the server reports each entry that expires. */
  #expire(now) {
    for (; this.nextExpiry < this.expiries.length; this.nextExpiry += 1) {
      const { at, key } = this.expiries[this.nextExpiry];
      if (at > now) return;
      if (this.use.near && this.expiryOf[key] === at) this.#announce('report', key);
    }
  }

  #invalidate(key) {
    this.#counts.invalidations += 1;
    this.#send('delete', key);
    if (this.use.near) this.#announce('report', key);
    this.expiresAt[key] = 0;
    this.expiryOf[key] = 0;
    this.leader[key] = -1;
    this.versions[key] += 1;
    this.flights.delete(key);
  }

  #request(key, process) {
    this.#counts.requests += 1;
    this.#finish(key);
    if (this.#isNear(key, process)) {
      this.#counts.nearHits += 1;
      return;
    }
    const wait = this.flights.get(key)?.get(process);
    if (wait !== undefined && this.#now < wait.until) this.#join(key, wait);
    else if (this.leader[key] !== -1) this.#wait(key, process);
    else if (this.#now < this.expiresAt[key]) this.#hit(key, process);
    else this.#compute(key, process);
  }

  #hit(key, process) {
    this.#counts.redisHits += 1;
    this.#send('hit', key);
    this.#keepNear(key, process);
  }

  #compute(key, process) {
    const { factorySeconds, near, ttlSeconds } = this.use;
    this.#counts.computations += 1;
    this.#counts.renewals += this.renewals;
    for (const operation of ['lookUp', 'acquire', 'complete']) this.#send(operation, key);
    this.#send('renew', key, this.renewals);
    this.#announce('ended', key);
    if (near) {
      // The read of the own write, at most, and the report of the write.
      this.#send('hit', key);
      this.#announce('report', key);
    }
    this.leader[key] = process;
    this.computedAt[key] = this.#now + factorySeconds;
    this.expiryOf[key] = this.computedAt[key] + ttlSeconds;
    this.expiries.push({ at: this.expiryOf[key], key });
    this.flights.set(key, new Map([[process, { until: this.computedAt[key], isShared: true }]]));
    this.#finish(key);
  }

  /** Another caller of a process that computes or waits already. If it waits, they read the entry once more at the end. */
  #join(key, wait) {
    this.#counts.collapsed += 1;
    if (wait.isShared) return;
    wait.isShared = true;
    this.#send('hit', key);
  }

  #wait(key, process) {
    this.#counts.collapsed += 1;
    this.#counts.waiters += 1;
    const { polls, endsAt } = this.#polls(this.computedAt[key]);
    this.#counts.polls += polls + 1;
    this.#send('lookUp', key);
    this.#send('attempt', key);
    this.#send('poll', key, polls);
    this.#send('take', key);
    const until = this.use.channels ? this.computedAt[key] : endsAt;
    this.flights.get(key).set(process, { until, isShared: false });
  }

  /** Returns the number of polls before `end`, and when the first one after it is due. */
  #polls(end) {
    const { channels, leaseMs } = this.use;
    const [least, most] = POLL_SECONDS;
    const longest = channels ? max(1, min(MAX_STRETCH, leaseMs / 1_000)) : 1;
    let polls = -1;
    let endsAt = this.#now;
    while (endsAt < end) {
      polls += 1;
      const stretch = max(1, min(endsAt - this.#now, longest));
      endsAt += stretch * (least + (most - least) * this.random());
    }
    return { polls, endsAt };
  }

  #finish(key) {
    const leader = this.leader[key];
    if (leader === -1 || this.#now < this.computedAt[key]) return;
    this.leader[key] = -1;
    this.expiresAt[key] = this.computedAt[key] + this.use.ttlSeconds;
    this.versions[key] += 1;
    for (const [process, { isShared }] of this.flights.get(key)) {
      if (isShared) this.#keepNear(key, process);
    }
    if (this.use.channels) this.flights.delete(key);
  }

  #isNear(key, process) {
    const copies = this.near[process];
    const version = copies.get(key);
    if (version === undefined) return false;
    copies.delete(key);
    if (version !== this.versions[key] || this.#now >= this.expiresAt[key]) return false;
    copies.set(key, version);
    return true;
  }

  #keepNear(key, process) {
    if (!this.use.near) return;
    const copies = this.near[process];
    copies.delete(key);
    copies.set(key, this.versions[key]);
    if (copies.size > this.use.nearEntries) copies.delete(copies.keys().next().value);
  }

  #send(operation, key, times = 1) {
    const { toRedis, fromRedis } = this.costsOf(key)[operation];
    this.#counts.commands += times;
    this.#counts.bytesToRedis += times * toRedis;
    this.#counts.bytesFromRedis += times * fromRedis;
  }

  #announce(message, key) {
    const { near, listening, processes } = this.use;
    if (!near && !listening) return;
    this.#counts.messages += processes;
    this.#counts.bytesFromRedis += processes * this.costsOf(key)[message];
  }
}

function zeros() {
  return {
    requests: 0,
    nearHits: 0,
    redisHits: 0,
    computations: 0,
    collapsed: 0,
    invalidations: 0,
    waiters: 0,
    polls: 0,
    renewals: 0,
    commands: 0,
    messages: 0,
    bytesToRedis: 0,
    bytesFromRedis: 0,
  };
}
