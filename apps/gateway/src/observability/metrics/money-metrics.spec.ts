import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { SavingsTable } from '../../savings/savings-table.js';
import { MAX_MODEL_LABELS, moneyCounters } from './money-metrics.js';

describe('moneyCounters', () => {
  it('sum up the models beyond the bound, and lose nothing', async () => {
    const table = new SavingsTable();
    for (let model = 0; model < 100; model += 1) {
      const counts = table.of('web', `model-${model}`);
      counts.tokens_spent = 10;
      counts.cost_saved = 0.5;
    }
    const registry = new Registry();
    for (const counter of moneyCounters(() => table)) registry.registerMetric(counter);
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const lines = (await registry.metrics()).split('\n');
      const spent = lines.filter(
        (line) => line.startsWith('gateway_tokens_total') && line.includes('"spent"'),
      );
      expect(spent).toHaveLength(MAX_MODEL_LABELS + 1);
      expect(spent).toContain(`gateway_tokens_total{tenant="web",model="other",kind="spent"} ${80 * 10}`);
      expect(lines).toContain('gateway_cost_usd_total{tenant="web",model="other",kind="saved"} 40');
    }
  });
});
