// In the sandbox of a test, a look-up of a global takes longer than the function itself.
const { imul } = Math;

/** Returns uniform numbers in [0, 1), always the same for a seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns the share of the traffic of each key: the key of rank r is requested in proportion to r^-exponent. */
export function zipfShares(keys, exponent) {
  const weights = Float64Array.from({ length: keys }, (_, rank) => (rank + 1) ** -exponent);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Returns a function that draws keys with these shares. */
export function sampler(shares, random) {
  const sums = new Float64Array(shares.length);
  let sum = 0;
  for (const [index, share] of shares.entries()) sums[index] = sum += share;
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/**
 * Hit ratio of an LRU cache by Che's approximation: H. Che, Y. Tung, Z. Wang, "Hierarchical Web Caching Systems", IEEE
 * JSAC 20(7), 2002. A key is in the cache if it was requested within the characteristic time, which is that in which
 * as many different keys are requested as the cache has room for.
 */
export function cheHitRatio(shares, room) {
  const sumOf = (term) => shares.reduce((sum, share) => sum + term(share), 0);
  let [low, high] = [0, 1];
  const held = (time) => sumOf((share) => 1 - Math.exp(-share * time));
  while (held(high) < room) high *= 2;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (held(middle) < room) low = middle;
    else high = middle;
  }
  return sumOf((share) => share * (1 - Math.exp(-share * high)));
}

/** Hit ratio of a cache without a bound whose entries live for a TTL, for requests at random times (Poisson). */
export function ttlHitRatio(shares, requestsPerTtl) {
  return shares.reduce((sum, share) => {
    const requests = share * requestsPerTtl;
    return sum + (share * requests) / (1 + requests);
  }, 0);
}
