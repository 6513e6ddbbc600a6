import { load } from '../contenders/packages.mjs';
import { perSecond } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { inTurn } from './rounds.mjs';

const POOL = new URL('../../libs/worker-pool/dist/index.js', import.meta.url);
const CALLERS = 32;
const CONCURRENCY = 16;
const REQUEST = { prompt: 'x'.repeat(2_000) };
const ANSWER = {
  completion: 'y'.repeat(2_000),
  usage: { input_tokens: 500, output_tokens: 500 },
  cost: 0,
  model: 'none',
  stopReason: 'end_turn',
  content: [],
};
/** Both sides keep results, because a result that is removed at once could not be awaited. */
const KEPT = 10_000;
const RESULT_SECONDS = 600;

/**
 * Compares the time from a task's submission until the waiter has its result with BullMQ's own `add` and
 * `waitUntilFinished`. Each side has its producer, events and worker in this process; while one side is measured the
 * other is idle.
 */
export function poolOverhead(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }) {
  const sides = [await bareBullmq(redis.url), await pool(redis.url)];
  const time = bench.effort(600, 300);
  await inTurn(sides, 1, (side) => tasksPerSecond(side, bench.effort(1_500, 500)));
  const results = await inTurn(sides, bench.effort(15, 5), (side) => tasksPerSecond(side, time));
  for (const side of sides) await side.close();
  const bare = results.get(sides[0]);
  const rows = sides.map((side) => rowOf(side.contender, results.get(side), bare));
  return { rows, unit: '1/s' };
}

function rowOf(contender, rates, bare) {
  const rate = summarise(rates);
  const cost = summarise(rates.map((own, index) => bare[index] / own));
  const cell = contender.role === 'baseline' ? '1 ×' : `${cost.median.toFixed(2)} × the time`;
  return { contender, cells: [perSecond(rate), cell], measured: cost.median, data: { rate, cost, rates } };
}

async function tasksPerSecond({ perform }, milliseconds) {
  const startedAt = performance.now();
  let done = 0;
  const caller = async () => {
    do {
      const { completion } = await perform();
      if (completion !== ANSWER.completion) throw new Error('a task did not return what was expected');
      done += 1;
    } while (performance.now() - startedAt < milliseconds);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return done / ((performance.now() - startedAt) / 1_000);
}

async function bareBullmq(url) {
  const { Queue, QueueEvents, Worker } = load('bullmq');
  const { Redis } = load('ioredis');
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const prefix = '{bench-bare}';
  const keep = { age: RESULT_SECONDS, count: KEPT };
  const options = { removeOnComplete: keep, removeOnFail: keep };
  const queue = new Queue('tasks', { connection, prefix });
  const events = new QueueEvents('tasks', { connection, prefix });
  const worker = new Worker('tasks', async () => ANSWER, { connection, prefix, concurrency: CONCURRENCY });
  // Each waiter listens to both.
  for (const part of [queue, events]) part.setMaxListeners(0);
  await Promise.all([queue, events, worker].map((part) => part.waitUntilReady()));
  return {
    contender: { name: 'bullmq, bare', role: 'baseline' },
    perform: async () =>
      (await queue.add('task', { request: REQUEST }, options)).waitUntilFinished(events, 60_000),
    async close() {
      await Promise.all([worker.close(), events.close(), queue.close()]);
      connection.disconnect();
    },
  };
}

async function pool(url) {
  const { createWorkerPool, Executor } = await import(POOL.href);
  class Idle extends Executor {
    name = 'idle';
    validate() {}
    resolveModel = () => 'none';
    execute = async () => ANSWER;
  }
  const made = createWorkerPool({
    driver: 'bullmq',
    executor: new Idle(),
    connection: { url },
    keyPrefix: 'bench-pool',
    concurrency: CONCURRENCY,
    maxResults: KEPT,
    resultTtlMs: RESULT_SECONDS * 1_000,
    commandTimeoutMs: 10_000,
  });
  while ((await made.health()).workers !== 1) await new Promise((resolve) => setTimeout(resolve, 10));
  return {
    contender: { name: 'nestjs-worker-pool', role: 'subject' },
    perform: () => made.run(REQUEST),
    close: () => made.close(),
  };
}
