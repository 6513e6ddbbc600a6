import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask, startGateway, startLoad } from '../http/servers.mjs';
import { questionBodies } from '../http/questions.mjs';
import { milliseconds, ratio } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { inTurn } from './rounds.mjs';

const CONNECTIONS = 16;
const SLOW_MISSES = 50;
const SLOW_CLI = fileURLToPath(new URL('../http/slow-cli.sh', import.meta.url));
const LOOK_AGAIN_MS = 50;
const PATIENCE_MS = 30_000;

/** Compares the 99th percentile of hits of a gateway that computes 50 slow completions with one that computes none. */
export function httpBesideMisses(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, { id }) {
  const bodies = questionBodies();
  const idle = await gatewayWithAnswers(bench, redis, id, bodies);
  const busy = await gatewayWithAnswers(bench, redis, id, bodies);
  const load = bench.adopt(startLoad());
  const misses = Array.from({ length: SLOW_MISSES }, (_, index) =>
    ask(busy.url, JSON.stringify({ prompt: `A slow question, number ${index}.` })).catch(() => {}),
  );
  await untilRunning(busy.url);
  const contenders = [
    { name: 'hits alone', role: 'baseline', url: idle.url },
    { name: `beside ${SLOW_MISSES} misses`, role: 'subject', url: busy.url },
  ];
  const measure = ({ url }, time) =>
    load.measure({ url, expected: 'redis-cache; hit', bodies, connections: CONNECTIONS, milliseconds: time });
  await inTurn(contenders, 1, (contender) => measure(contender, bench.effort(2_000, 1_000)));
  const results = await inTurn(contenders, bench.effort(15, 5), (one) =>
    measure(one, bench.effort(600, 300)),
  );
  await Promise.all([idle, busy, load].map((process) => bench.end(process)));
  await Promise.all(misses);
  return {
    rows: contenders.map((one) => rowOf(one, results.get(one), results.get(contenders[0]))),
    unit: 'ms',
  };
}

/** A fast gateway stores the completions; the measured ones find them in Redis. */
async function gatewayWithAnswers(bench, redis, id, bodies) {
  const env = {
    REDIS_URL: redis.url,
    REDIS_KEY_PREFIX: `bench-${id}`,
    WORKER_EXECUTOR: 'claude-cli',
    WORKER_CONCURRENCY: String(SLOW_MISSES),
  };
  const quick = bench.adopt(await startGateway({ ...env, CLAUDE_CLI_PATH: QUICK_CLI }));
  for (const body of bodies) await ask(quick.url, body);
  await bench.end(quick);
  const gateway = bench.adopt(await startGateway({ ...env, CLAUDE_CLI_PATH: SLOW_CLI }));
  for (const body of [...bodies, ...bodies]) await ask(gateway.url, body);
  return gateway;
}

const QUICK_CLI = fileURLToPath(new URL('../http/quick-cli.sh', import.meta.url));

async function untilRunning(url) {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const text = await (await fetch(`${url}/metrics`)).text();
    if (Number(/^\w*pool\w*running\w*(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1]) === SLOW_MISSES) return;
    await sleep(LOOK_AGAIN_MS);
  }
  throw new Error(`Not all of the ${SLOW_MISSES} misses were running in time`);
}

function rowOf(contender, rounds, baseline) {
  const p99 = summarise(rounds.map((round) => round.p99));
  const toBaseline = summarise(rounds.map((round, index) => round.p99 / baseline[index].p99));
  const isBaseline = contender.role === 'baseline';
  return {
    contender,
    cells: [`p99 ${milliseconds(p99)}`, isBaseline ? '1 ×' : ratio(toBaseline)],
    measured: toBaseline.median,
    data: { p99, ratio: toBaseline, rounds },
  };
}
