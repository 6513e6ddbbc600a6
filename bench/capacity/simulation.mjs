import { randomFrom, sampler, zipfShares } from './zipf.mjs';

/** What operations of the engine send to Redis; a test compares these numbers with those of a real server. */
export const COSTS = {
  /** A hit in Redis: GET. */
  hit: 1,
  /** A computation: GET, acquire the lease, store the value. */
  miss: 3,
  /** With near copies and `invalidation: 'server'`: the GET that reads the own write back, at most. */
  readBack: 1,
  /** The first caller of a process that waits for another process: GET, attempt to acquire. */
  wait: 2,
  /** `delete`: UNLINK. */
  invalidation: 1,
};
/** Mean time between two polls of a waiter: `MIN_POLL_MS` and `MAX_POLL_MS` of holder-wait.ts. */
export const POLL_SECONDS = 0.1;

/** Traffic of a mid-sized gateway. Near copies have their default bound. */
export const DEFAULTS = {
  processes: 1,
  requestsPerSecond: 20,
  keys: 100_000,
  exponent: 0.9,
  ttlSeconds: 120,
  invalidationShare: 0.001,
  factorySeconds: 1,
  near: true,
  nearEntries: 10_000,
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
  return new Simulation({ ...DEFAULTS, ...parameters }).run();
}

class Simulation {
  #now = 0;
  #counts = zeros();

  constructor(parameters) {
    this.use = parameters;
    const { keys, exponent, processes, seed } = parameters;
    this.random = randomFrom(seed);
    this.nextKey = sampler(zipfShares(keys, exponent), this.random);
    /** Per key: until when it is computed, by which process, until when it is valid, and its version. */
    this.computedAt = new Float64Array(keys);
    this.leader = new Int32Array(keys).fill(-1);
    this.expiresAt = new Float64Array(keys);
    this.versions = new Int32Array(keys);
    this.near = Array.from({ length: processes }, () => new Map());
    this.waiting = new Map();
  }

  run() {
    const { processes, requestsPerSecond, warmUpSeconds, seconds, invalidationShare } = this.use;
    const end = warmUpSeconds + seconds;
    const rate = processes * requestsPerSecond;
    let isWarm = false;
    for (;;) {
      this.#now += -Math.log(1 - this.random()) / rate;
      if (this.#now >= end) return { ...this.#counts, seconds };
      if (!isWarm && this.#now >= warmUpSeconds) [isWarm, this.#counts] = [true, zeros()];
      const key = this.nextKey();
      if (this.random() < invalidationShare) this.#invalidate(key);
      else this.#request(key, Math.floor(this.random() * processes));
    }
  }

  #invalidate(key) {
    this.#counts.invalidations += 1;
    this.#counts.commands += COSTS.invalidation;
    this.#announce(1);
    this.expiresAt[key] = 0;
    this.leader[key] = -1;
    this.versions[key] += 1;
  }

  #request(key, process) {
    this.#counts.requests += 1;
    this.#finish(key);
    if (this.#isNear(key, process)) this.#counts.nearHits += 1;
    else if (this.leader[key] !== -1) this.#wait(key, process);
    else if (this.#now < this.expiresAt[key]) this.#hit(key, process);
    else this.#compute(key, process);
  }

  #hit(key, process) {
    this.#counts.redisHits += 1;
    this.#counts.commands += COSTS.hit;
    this.#keepNear(key, process);
  }

  #compute(key, process) {
    const { factorySeconds, near } = this.use;
    this.#counts.computations += 1;
    this.#counts.commands += COSTS.miss + (near ? COSTS.readBack : 0);
    // The end of the computation, the report of the write, and with a TTL that of its expiry.
    this.#announce(this.use.ttlSeconds === Infinity ? 2 : 3);
    this.leader[key] = process;
    this.computedAt[key] = this.#now + factorySeconds;
    this.waiting.set(key, new Set([process]));
    this.#finish(key);
  }

  /** Later callers of a process that computes or waits already share its result, without a command. */
  #wait(key, process) {
    this.#counts.collapsed += 1;
    const processes = this.waiting.get(key);
    if (processes.has(process)) return;
    processes.add(process);
    this.#counts.waiters += 1;
    const polls = (this.computedAt[key] - this.#now) / POLL_SECONDS;
    this.#counts.polls += polls;
    // The last one is caused by the notification.
    this.#counts.commands += COSTS.wait + polls + 1;
  }

  #finish(key) {
    const leader = this.leader[key];
    if (leader === -1 || this.#now < this.computedAt[key]) return;
    this.leader[key] = -1;
    this.expiresAt[key] = this.computedAt[key] + this.use.ttlSeconds;
    this.versions[key] += 1;
    this.waiting.delete(key);
    this.#keepNear(key, leader);
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

  #announce(messages) {
    if (this.use.near) this.#counts.messages += messages * this.use.processes;
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
    commands: 0,
    messages: 0,
  };
}
