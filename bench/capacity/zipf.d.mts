export function randomFrom(seed: number): () => number;
export function zipfShares(keys: number, exponent: number): Float64Array;
export function sampler(shares: Float64Array, random: () => number): () => number;
export function cheHitRatio(shares: Float64Array, room: number): number;
export function ttlHitRatio(shares: Float64Array, requestsPerTtl: number): number;
