export const HEADER_BYTES: number;
export const RENEWALS_PER_LEASE: number;
export function renewalsOf(factorySeconds: number, leaseMs: number): number;
