import { startGateway, startProxy, startStreamLoad, startUpstream, startWorker } from '../http/servers.mjs';
import { milliseconds, ratio } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { inTurn } from './rounds.mjs';

const STREAMS = 64;
/** As fast as a fast model. */
const PACE_MS = 10;
const FIRST_PIECES = 5;
const CROWD_PIECES = 200;

/**
 * Measures how much later the first text arrives through the gateway than directly from the upstream.
 *
 * @param {object} spec
 * @param {'local' | 'bullmq'} spec.pool where the task runs: in the gateway's process or in a worker process
 */
export function streamFirstToken(spec) {
  return { ...spec, run: (bench, tools) => runFirstToken(bench, tools, spec) };
}

async function runFirstToken(bench, { redis }, { id, pool }) {
  const { upstream, gateway, load, end } = await start(bench, redis, { id, pool });
  const contenders = [
    { name: 'direct', role: 'baseline', url: upstream.url },
    { name: 'gateway', role: 'subject', url: gateway.url },
  ];
  const measure = async ({ url }, round) => {
    const { streams } = await load.measure({ url, bodies: [body(`${id} ${round}`, FIRST_PIECES)] });
    return streams[0].firstMs;
  };
  await inTurn(contenders, 10, (contender, round) => measure(contender, `warm-up ${round}`));
  const results = await inTurn(contenders, bench.effort(60, 20), measure);
  await end();
  const direct = results.get(contenders[0]);
  const rows = contenders.map((contender) => {
    const first = summarise(results.get(contender));
    const later = summarise(results.get(contender).map((time, index) => time - direct[index]));
    const text = contender.role === 'baseline' ? '' : `${milliseconds(later)} later`;
    return {
      contender,
      cells: [milliseconds(first), text],
      measured: later.median,
      data: { first, later },
    };
  });
  return { rows, unit: 'ms' };
}

/** Compares the time that concurrent streams take with the same through a proxy that pipes the upstream's bytes. */
export function streamCrowd(spec) {
  return { ...spec, run: (bench, tools) => runCrowd(bench, tools, spec) };
}

async function runCrowd(bench, { redis }, { id, pace = PACE_MS }) {
  const { upstream, gateway, load, end } = await start(bench, redis, { id, pool: 'local' });
  const proxy = bench.adopt(await startProxy(upstream.url));
  const contenders = [
    { name: 'bare proxy', role: 'baseline', url: proxy.url },
    { name: 'gateway', role: 'subject', url: gateway.url },
  ];
  const measure = async ({ url }, round) => {
    const bodies = Array.from({ length: STREAMS }, (_, index) =>
      body(`${id} ${round} ${index}`, CROWD_PIECES, pace),
    );
    const { streams, milliseconds: time } = await load.measure({ url, bodies });
    const lost = streams.filter(({ delays }) => delays.length !== CROWD_PIECES).length;
    if (lost > 0) throw new Error(`${lost} streams did not have all pieces`);
    return { time, late: summarise(streams.flatMap(({ delays }) => delays)).median };
  };
  await inTurn(contenders, 1, (contender) => measure(contender, 'warm-up'));
  const results = await inTurn(contenders, bench.effort(7, 3), measure);
  await bench.end(proxy);
  await end();
  return {
    rows: contenders.map((one) => crowdRow(one, results.get(one), results.get(contenders[0]))),
    unit: 'ms',
  };
}

function crowdRow(contender, rounds, baseline) {
  const time = summarise(rounds.map((round) => round.time));
  const toBaseline = summarise(rounds.map((round, index) => round.time / baseline[index].time));
  const late = summarise(rounds.map((round) => round.late));
  const text = contender.role === 'baseline' ? '1 ×' : ratio(toBaseline);
  return {
    contender,
    cells: [milliseconds(time), text, `a piece ${milliseconds(late)} after it was sent`],
    measured: toBaseline.median,
    data: { time, ratio: toBaseline, late, rounds },
  };
}

function body(name, pieces, pace = PACE_MS) {
  const content = `Question ${name}: pieces=${pieces} pace=${pace}`;
  const messages = [{ role: 'user', content }];
  return JSON.stringify({ model: 'claude-haiku-5-5', max_tokens: 1_000, stream: true, messages });
}

/** Starts the upstream, the gateway in front of it and the reader of streams. */
async function start(bench, redis, { id, pool }) {
  const upstream = bench.adopt(await startUpstream());
  const env = {
    REDIS_URL: redis.url,
    REDIS_KEY_PREFIX: `bench-${id}`,
    WORKER_EXECUTOR: 'anthropic',
    WORKER_POOL: pool,
    WORKER_CONCURRENCY: String(STREAMS),
    ANTHROPIC_API_KEY: 'bench',
    ANTHROPIC_BASE_URL: upstream.url,
  };
  const workers = pool === 'bullmq' ? [bench.adopt(await startWorker(env))] : [];
  const gateway = bench.adopt(await startGateway(env));
  const load = bench.adopt(startStreamLoad());
  const end = () => Promise.all([gateway, load, ...workers, upstream].map((process) => bench.end(process)));
  return { upstream, gateway, load, end };
}
