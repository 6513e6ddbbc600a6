import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RedisServer } from '@test/support/index.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const REQUESTS = 2_000;
/** Coprime to the number of kinds, so that every question is sent as every kind of request. */
const QUESTIONS = 21;
const COST = 0.0125;
/** Heap limit of the process: it would crash if it kept all responses. */
const HEAP_MB = 192;
const PADDING = 'Much more is asked than has to be computed. '.repeat(50);

interface Answer {
  status: number;
  completion?: string;
}

let redis: RedisServer;
let gateway: Gateway;

beforeAll(async () => {
  redis = await RedisServer.start();
  gateway = await startGateway({
    REDIS_URL: redis.url,
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
    WORKER_EXECUTOR: 'claude-cli',
    CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
    LOG_LEVEL: 'warn',
  });
});

afterAll(async () => {
  await gateway?.stop();
  await redis?.stop();
});

/** Sends a question as one of the kinds of requests. */
async function request(index: number): Promise<Answer> {
  const headers = new Headers({ 'content-type': 'application/json' });
  if (index % 10 === 1) headers.set('cache-control', 'max-age=600');
  if (index % 10 === 2) headers.set('cache-control', 'only-if-cached');
  if (index % 10 === 3) headers.set('prefer', 'respond-async');
  // The first question is cached already.
  const question = index % 10 === 2 ? 0 : index % QUESTIONS;
  const prompt = `[[fake-claude text answer-${question}]] ${PADDING}`;
  const body = index % 10 === 4 ? { prompt, unknown: true } : { prompt };
  const response = await fetch(`${gateway.url}/v1/completions`, { ...jsonPost(body), headers });
  const { completion } = (await response.json()) as { completion?: string };
  return { status: response.status, completion };
}

it(`answers ${REQUESTS} requests of every kind at the same time, each question the same way, in a bounded heap`, async () => {
  expect((await request(0)).completion).toBe('answer-0');
  const answers = await Promise.all(Array.from({ length: REQUESTS }, (_, index) => request(index)));
  for (const [index, { status, completion }] of answers.entries()) {
    const question = index % 10 === 2 ? 0 : index % QUESTIONS;
    if (index % 10 === 4) expect([index, status]).toEqual([index, 400]);
    else if (status === 202) expect([index, index % 10]).toEqual([index, 3]);
    else expect([index, status, completion]).toEqual([index, 200, `answer-${question}`]);
  }
  // Each question was computed once.
  const stats = (await (await gateway.get('/v1/cache/stats')).json()) as { total: Record<string, number> };
  expect(stats.total['cost_spent']).toBeCloseTo(QUESTIONS * COST);
  expect((await gateway.get('/health')).status).toBe(200);
});
