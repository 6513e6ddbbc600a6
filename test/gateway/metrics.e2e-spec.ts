import { afterEach, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const ANSWER_COUNT = 'gateway_answer_duration_seconds_count';
let gateway: Gateway;
let redis: RedisServer | undefined;

afterEach(async () => {
  await gateway?.stop();
  await redis?.stop();
  redis = undefined;
});

/** Every sample by its name and labels, as Prometheus would read them. */
async function scrape(): Promise<Map<string, number>> {
  const response = await gateway.get('/metrics');
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

async function ask(prompt: string, times = 1): Promise<void> {
  for (let round = 0; round < times; round += 1) {
    expect((await gateway.post('/v1/completions', { prompt })).status).toBe(200);
  }
}

/** How many series there are of our own: those of Node grow with each kind of garbage collection that happens. */
function ownSeries(samples: Map<string, number>): number {
  return [...samples.keys()].filter((name) => !/^(nodejs|process)_/.test(name)).length;
}

describe('GET /metrics', () => {
  it('reports hits by source, misses, latency, near cache, pool and process', async () => {
    redis = await RedisServer.start();
    gateway = await startGateway({ REDIS_URL: redis.url, WORKER_CONCURRENCY: '3', WORKER_BACKLOG: '7' });
    await ask('A metric counts. A gauge shows. A histogram tells how long.');
    await until(
      async () => {
        await ask('A metric counts. A gauge shows. A histogram tells how long.');
        return (await scrape()).get('redis_cache_hits_total{source="near"}')! > 0;
      },
      { what: 'a hit near by' },
    );
    const samples = await scrape();
    const hits =
      samples.get('redis_cache_hits_total{source="near"}')! +
      samples.get('redis_cache_hits_total{source="redis"}')!;
    expect(samples.get('redis_cache_misses_total')).toBe(1);
    expect(samples.get('gateway_answers_total{status="miss"}')).toBe(1);
    expect(samples.get('gateway_answers_total{status="hit"}')).toBe(hits);
    expect(samples.get(`${ANSWER_COUNT}{source="factory"}`)).toBe(1);
    expect(samples.get(`${ANSWER_COUNT}{source="near"}`)).toBe(
      samples.get('redis_cache_hits_total{source="near"}'),
    );
    expect(samples.get('gateway_requests_total{method="POST",route="/v1/completions",status="200"}')).toBe(
      hits + 1,
    );
    expect(samples.get('redis_cache_near_entries')).toBe(1);
    expect(samples.get('redis_cache_near_bytes')).toBeGreaterThan(0);
    // By the worker before its task ends; the caller who waited for it need not store it again.
    expect(samples.get('redis_cache_writes_total{result="stored"}')).toBe(1);
    expect(samples.get('worker_pool_workers')).toBe(3);
    expect(samples.get('worker_pool_backlog_limit')).toBe(7);
    expect(samples.get('worker_pool_tasks_total{result="completed"}')).toBe(1);
    expect(samples.get('worker_pool_service_seconds')).toBeGreaterThan(0);
    expect(samples.get('gateway_queue_depth{state="waiting"}')).toBe(0);
    expect(samples.get('gateway_queue_oldest_age_seconds')).toBe(0);
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('reports the waiting requests and their age', async () => {
    gateway = await startGateway({ QUEUE_CONSUMERS: '0' });
    expect((await gateway.post('/v1/queue', { prompt: 'A queue is long. Somebody waits.' })).status).toBe(
      202,
    );
    await until(async () => (await scrape()).get('gateway_queue_oldest_age_seconds')! > 0, {
      what: 'the request to have waited',
    });
    expect((await scrape()).get('gateway_queue_depth{state="waiting"}')).toBe(1);
  });

  it('responds while Redis is frozen, and shows the breaker', async () => {
    redis = await RedisServer.start();
    gateway = await startGateway({ REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT_MS: '1000' });
    await ask('A breaker is closed. It can be open.');
    expect((await scrape()).get('redis_cache_breaker_state{state="closed"}')).toBe(1);
    await redis.pause();
    await ask('Redis is frozen. The answer is not.');
    const samples = await scrape();
    expect(samples.get('redis_cache_breaker_state{state="closed"}')).toBe(0);
    expect(samples.get('redis_cache_writable')).toBe(0);
    expect(samples.get('gateway_queue_depth{state="waiting"}')).toBeNaN();
    expect(samples.get('redis_cache_breaker_trips_total')).toBeGreaterThanOrEqual(1);
    expect(samples.get('gateway_answers_total{status="bypass"}')).toBeGreaterThanOrEqual(1);
    await redis.resume();
    await until(async () => (await scrape()).get('redis_cache_breaker_state{state="closed"}') === 1, {
      what: 'the breaker to close',
    });
  });

  it('creates no series for values that clients choose', async () => {
    gateway = await startGateway();
    const makeUp = async (number: number): Promise<void> => {
      await gateway.get(`/nowhere/${number}`);
      await gateway.post('/v1/completions', {
        prompt: `Model ${number}. It is another one.`,
        model: `m-${number}`,
      });
    };
    await makeUp(0);
    await scrape();
    const before = ownSeries(await scrape());
    for (let number = 1; number < 20; number += 1) await makeUp(number);
    const samples = await scrape();
    expect(ownSeries(samples)).toBe(before);
    expect([...samples.keys()].join('\n')).not.toMatch(/nowhere|m-1/);
    expect(samples.get('gateway_requests_total{method="unknown",route="unknown",status="404"}')).toBe(20);
  });
});
