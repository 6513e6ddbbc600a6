import { getOrPut } from '../util/get-or-put.js';

/** The counters of each tenant and model. Tokens are those read and written; costs are in US dollars. */
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

/** Creates counts of zero. */
export function noSavings(): SavingsCounts {
  return Object.fromEntries(SAVINGS_METRICS.map((metric) => [metric, 0])) as SavingsCounts;
}

/** Adds `more` to `sum`, and returns `sum`. */
export function addSavings(sum: SavingsCounts, more: Readonly<SavingsCounts>): SavingsCounts {
  for (const metric of SAVINGS_METRICS) sum[metric] += more[metric];
  return sum;
}

/** Longer model names are truncated, because they become part of a field in Redis. */
const MAX_MODEL_LENGTH = 128;

const METRICS: ReadonlySet<string> = new Set(SAVINGS_METRICS);

/** Counts by tenant and model. */
export class SavingsTable {
  readonly #tenants = new Map<string, Map<string, SavingsCounts>>();

  get isEmpty(): boolean {
    return this.#tenants.size === 0;
  }

  /** The counts of a tenant's model, which the caller may add to. Values of other programs may name no model. */
  of(tenant: string, model = ''): SavingsCounts {
    const models = getOrPut(this.#tenants, tenant, () => new Map<string, SavingsCounts>());
    return models.get(model) ?? getOrPut(models, printable(model), noSavings);
  }

  /** The counts of all tenants and models. */
  *entries(): Iterable<[tenant: string, model: string, counts: SavingsCounts]> {
    for (const [tenant, models] of this.#tenants) {
      for (const [model, counts] of models) yield [tenant, model, counts];
    }
  }

  add(other: SavingsTable): this {
    for (const [tenant, model, counts] of other.entries()) addSavings(this.of(tenant, model), counts);
    return this;
  }

  /** The counts as fields of a Redis hash, without zeros. */
  *fields(): Iterable<[field: string, amount: number]> {
    for (const [tenant, model, counts] of this.entries()) {
      for (const metric of SAVINGS_METRICS) {
        if (counts[metric] !== 0) yield [JSON.stringify([tenant, model, metric]), counts[metric]];
      }
    }
  }

  /** Creates a table from such fields. Other fields are ignored. */
  static fromFields(fields: Readonly<Record<string, number>>): SavingsTable {
    const table = new SavingsTable();
    for (const [field, amount] of Object.entries(fields)) {
      const place = placeOf(field);
      if (place !== null) table.of(place.tenant, place.model)[place.metric] += amount;
    }
    return table;
  }
}

interface Place {
  tenant: string;
  model: string;
  metric: SavingsMetric;
}

function placeOf(field: string): Place | null {
  try {
    const [tenant, model, metric] = JSON.parse(field) as unknown[];
    if (typeof tenant !== 'string' || typeof model !== 'string' || !METRICS.has(metric as string))
      return null;
    return { tenant, model, metric: metric as SavingsMetric };
  } catch {
    return null;
  }
}

function printable(model: string): string {
  return model.slice(0, MAX_MODEL_LENGTH).toWellFormed();
}
