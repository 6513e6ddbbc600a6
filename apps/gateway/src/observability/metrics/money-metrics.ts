import { Counter } from 'prom-client';
import type { SavingsCounts, SavingsTable } from '../../savings/savings-table.js';

/** Names that get a label of their own; further ones share {@link OTHER}. */
export const MAX_TENANT_LABELS = 100;
export const MAX_MODEL_LABELS = 20;
export const OTHER = 'other';

const LABELS = ['tenant', 'model', 'kind'] as const;
type Kind = 'spent' | 'saved';
type Amount = (counts: Readonly<SavingsCounts>, kind: Kind) => number;

/**
 * What this process has spent and saved since its start, in tokens and in US dollars, by tenant and model. The number of
 * labels is bounded: models are named by the service behind the executor.
 */
export function moneyCounters(totals: () => SavingsTable): Counter[] {
  const tenants = new BoundedLabels(MAX_TENANT_LABELS);
  const models = new BoundedLabels(MAX_MODEL_LABELS);
  const counter = (name: string, help: string, amountOf: Amount): Counter =>
    new Counter({
      name,
      help,
      labelNames: LABELS,
      registers: [],
      collect() {
        this.reset();
        for (const [tenant, model, counts] of totals().entries()) {
          for (const kind of ['spent', 'saved'] as const) {
            const labels = { tenant: tenants.of(tenant), model: models.of(model), kind };
            this.inc(labels, amountOf(counts, kind));
          }
        }
      },
    });
  return [
    counter(
      'gateway_tokens_total',
      'Tokens of completions that were computed (spent), and of those that were not because of the cache (saved)',
      (counts, kind) => counts[`tokens_${kind}`],
    ),
    counter(
      'gateway_cost_usd_total',
      'US dollars for completions that were computed (spent), and for those that were not (saved)',
      (counts, kind) => counts[`cost_${kind}`],
    ),
  ];
}

/** Gives the first names a label each, and all others one label. */
export class BoundedLabels {
  readonly #known = new Set<string>();

  constructor(private readonly max: number) {}

  of(name: string): string {
    if (this.#known.size < this.max) this.#known.add(name);
    return this.#known.has(name) ? name : OTHER;
  }
}
