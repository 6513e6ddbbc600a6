import { quantile } from '../lib/statistics.mjs';
import { notAvailable } from './rounds.mjs';

const CALLS = 200;
const PATIENCE_MS = 3_000;
const RECOVERY_MS = 5_000;
const RUSH = { callers: 1, batch: 100, milliseconds: 300, mayMiss: true };

/**
 * Measures calls while Redis is frozen: how many return, how long they take, and how soon after the freeze there are hits
 * again. A `getOrSet` may compute its value.
 *
 * @param {object} spec
 * @param {'get' | 'getOrSet'} [spec.operation] default: `get`
 */
export function frozenRedis(given) {
  const spec = { operation: 'get', ...given };
  return { ...spec, run: (bench) => run(bench, spec) };
}

async function run(bench, spec) {
  const rows = [];
  for (const contender of bench.contenders) {
    const row = await rowOf(bench, contender, spec);
    if (row) rows.push(row);
  }
  return { rows, unit: 'ms' };
}

async function rowOf(bench, contender, spec) {
  const redis = await bench.startRedis();
  const { process, operations } = await bench.start(contender, { redis, label: spec.id });
  try {
    if (operations.includes(spec.operation)) return await outage({ contender, process, redis, spec });
    return contender.role === 'baseline' ? undefined : notAvailable(contender);
  } finally {
    redis.thaw();
    await bench.end(process);
    await bench.endRedis(redis);
  }
}

async function outage({ contender, process, redis, spec }) {
  const { operation, payload } = spec;
  await process.call('fill', { operation, payload, keys: 1, mayCompute: true });
  redis.freeze();
  const { durations, values } = await process.call('callInTurn', { calls: CALLS, milliseconds: PATIENCE_MS });
  const answered = durations.length;
  const rush = answered === CALLS ? await process.call('measure', RUSH) : undefined;
  redis.thaw();
  const backMs = await process.call('untilHit', { milliseconds: RECOVERY_MS });
  const data = {
    answered,
    of: CALLS,
    values,
    firstMs: durations[0] ?? null,
    durations,
    backMs,
    perSecond: rush?.perSecond,
  };
  return { contender, cells: describe(data), measured: answered, data };
}

function describe({ answered, of, values, firstMs, durations, backMs, perSecond }) {
  const back = backMs === null ? 'no hit afterwards' : `a hit ${backMs.toFixed(0)} ms after it was thawed`;
  if (answered === 0) return [`0 of ${of} calls settled within ${PATIENCE_MS / 1000} s`, back];
  const slowest = quantile(durations, 1).toFixed(0);
  const first = `${answered} of ${of} calls settled, ${values} with a value; the first after ${firstMs.toFixed(0)} ms, at most ${slowest} ms`;
  const open = perSecond ? `then ${(1e6 / perSecond).toFixed(2)} µs a call; ` : '';
  return [first, `${open}${back}`];
}
