import { randomFrom, sampler, zipfShares } from './zipf.mjs';

const { floor, log } = Math;

/**
 * Yields the requests of one process: at random times, for keys with Zipf's shares. Real processes and the simulation make
 * the same ones for the same seed.
 *
 * @param {{ requestsPerSecond: number, keys: number, exponent: number, invalidationShare: number, seed: number }} traffic
 */
export function* requestsOf({ requestsPerSecond, keys, exponent, invalidationShare, seed }) {
  const random = randomFrom(seed);
  const nextKey = sampler(zipfShares(keys, exponent), random);
  let at = 0;
  for (;;) {
    at += -log(1 - random()) / requestsPerSecond;
    yield { at, key: nextKey(), isInvalidation: random() < invalidationShare };
  }
}

/** Returns the requests of several real processes until `seconds`, in the order of their times. */
export function recordedArrivals({ processes, seconds, seed, ...traffic }) {
  const arrivals = [];
  for (let process = 0; process < processes; process += 1) {
    for (const request of requestsOf({ ...traffic, seed: seed + process })) {
      if (request.at >= seconds) break;
      arrivals.push({ ...request, process });
    }
  }
  return arrivals.toSorted((one, other) => one.at - other.at);
}

/** Yields the requests of any number of processes without an end. They share one source of random numbers. */
export function* endlessArrivals({
  processes,
  requestsPerSecond,
  keys,
  exponent,
  invalidationShare,
  random,
}) {
  const nextKey = sampler(zipfShares(keys, exponent), random);
  const rate = processes * requestsPerSecond;
  let at = 0;
  for (;;) {
    at += -log(1 - random()) / rate;
    const key = nextKey();
    const isInvalidation = random() < invalidationShare;
    yield { at, key, isInvalidation, process: isInvalidation ? 0 : floor(random() * processes) };
  }
}
