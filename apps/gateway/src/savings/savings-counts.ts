/** What is counted, per tenant and model. Tokens are those read and written; costs are in US dollars. */
export const SAVINGS_METRICS = [
  'hits',
  'misses',
  'stale',
  'collapsed',
  'bypassed',
  'tokens_saved',
  'cost_saved',
  'seconds_saved',
  'tokens_spent',
  'cost_spent',
] as const;

export type SavingsMetric = (typeof SAVINGS_METRICS)[number];

export type SavingsCounts = Record<SavingsMetric, number>;

/** All counts at zero. */
export function noSavings(): SavingsCounts {
  return Object.fromEntries(SAVINGS_METRICS.map((metric) => [metric, 0])) as SavingsCounts;
}

/** Adds to counts. */
export function addSavings(sum: SavingsCounts, more: Readonly<SavingsCounts>): SavingsCounts {
  for (const metric of SAVINGS_METRICS) sum[metric] += more[metric];
  return sum;
}
