import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { type Gateway, startGateway } from '@test/gateway/start-gateway.js';
import { RedisServer, until } from '@test/support/index.js';
import { type Labels, missingIn } from './promql.js';

interface Panel {
  title: string;
  description?: string;
  targets?: { expr: string; legendFormat: string }[];
}

interface Alert {
  alert: string;
  expr: string;
  annotations: { summary: string; description: string };
}

const read = (file: string): string => readFileSync(`docs/observability/${file}`, 'utf8');
const README = read('README.md');
const PANELS = (JSON.parse(read('dashboard.json')) as { panels: Panel[] }).panels;
const GROUPS = (parse(read('alerts.yml')) as { groups: { rules: Alert[] }[] }).groups;
const ALERTS = GROUPS.flatMap(({ rules }) => rules);
const GRAPHS = PANELS.filter(({ targets }) => targets !== undefined);
const TARGETS = GRAPHS.flatMap(({ title, targets }) =>
  targets!.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
);
const EXPRESSIONS: [string, string][] = [
  ...TARGETS.map(({ title, expr }): [string, string] => [title, expr.replaceAll('$__rate_interval', '5m')]),
  ...ALERTS.map(({ alert, expr }): [string, string] => [alert, expr]),
];
const SAMPLE = /^(\w+)(?:\{(.*)\})? \S+$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

describe('the dashboard and the alert rules', () => {
  let redis: RedisServer;
  let gateway: Gateway;
  let exposed: Map<string, Labels[]>;

  const scrape = async (): Promise<string> => (await gateway.get('/metrics')).text();

  const complete = async (prompt: string, stream = false): Promise<void> => {
    const response = await gateway.post('/v1/completions', { prompt, stream });
    await response.text();
    expect(response.status).toBe(200);
  };

  beforeAll(async () => {
    redis = await RedisServer.start();
    gateway = await startGateway({ REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT_MS: '1000' });
    await complete('A panel shows. An alert tells.');
    await complete('A panel shows. An alert tells.');
    await complete('A stream flows. It ends.', true);
    await redis.pause();
    await complete('An outage begins. It passes.');
    expect((await gateway.delete('/v1/cache')).status).toBe(503);
    await redis.resume();
    await until(async () => (await scrape()).includes('redis_cache_breaker_state{state="closed"} 1'), {
      what: 'the circuit to close',
    });
    exposed = samplesOf(await scrape());
  });

  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  it.each(EXPRESSIONS)('%s reads only metrics, labels and states that a gateway exposes', (_name, expr) => {
    expect(missingIn(exposed, expr)).toEqual([]);
  });

  it('find out that a metric, a label or a state does not exist', () => {
    const wrong = 'sum by (colour) (redis_cache_breaker_state{state=~"open|shut"}) / redis_cache_hit_total';
    expect(missingIn(exposed, wrong)).toEqual([
      'redis_cache_breaker_state{state="shut"}',
      'redis_cache_hit_total',
      'colour',
    ]);
    expect(() => missingIn(exposed, 'sum by (state (redis_cache_writable)')).toThrow('not PromQL');
  });

  it.each(TARGETS)(
    '$title: the legend $legendFormat names labels of its result',
    ({ expr, legendFormat }) => {
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      const kept = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? ['instance'];
      expect(kept).toEqual(expect.arrayContaining(named));
    },
  );

  it.each(ALERTS)('$alert names labels that its expression keeps', ({ expr, annotations }) => {
    const text = JSON.stringify(annotations);
    const named = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!);
    const kept = expr.startsWith('sum by (job)') ? ['job'] : ['job', 'instance'];
    expect(kept).toEqual(expect.arrayContaining(named));
  });

  it.each([...GRAPHS.map(({ title }) => title), ...ALERTS.map(({ alert }) => `\`${alert}\``)])(
    '%s is explained in the README',
    (name) => {
      expect(README).toContain(`| ${name} `);
    },
  );
});

/** The labels of all samples of a scrape, by metric. */
function samplesOf(text: string): Map<string, Labels[]> {
  const exposed = new Map<string, Labels[]>();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = SAMPLE.exec(line) ?? [];
    if (name === undefined) continue;
    const samples = exposed.get(name) ?? [];
    samples.push(Object.fromEntries([...labels.matchAll(LABEL)].map(([, label, value]) => [label!, value!])));
    exposed.set(name, samples);
  }
  return exposed;
}
