import { ask, startBare, startGateway, startLoad } from '../http/servers.mjs';
import { questionBodies } from '../http/questions.mjs';
import { perSecond, ratio } from '../lib/format.mjs';
import { summarise } from '../lib/statistics.mjs';
import { inTurn } from './rounds.mjs';

const CONNECTIONS = 16;

/**
 * Compares hits through the gateway's whole HTTP stack with a bare Nest + Fastify route that accepts the same requests and
 * sends the same body from memory.
 *
 * @param {object} spec
 * @param {boolean} spec.near whether the gateway keeps copies in its process
 */
export function httpHits(spec) {
  return { ...spec, run: (bench, tools) => run(bench, tools, spec) };
}

async function run(bench, { redis }, { near, id }) {
  const bodies = questionBodies();
  const env = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: `bench-${id}`, CACHE_NEAR: String(near) };
  const gateway = bench.adopt(await startGateway(env));
  const answers = [];
  for (const body of [...bodies, ...bodies, ...bodies]) answers.push(await ask(gateway.url, body));
  const bare = bench.adopt(await startBare(answers.at(-1)));
  const load = bench.adopt(startLoad());
  const contenders = [
    { name: 'bare route', role: 'baseline', url: bare.url, expected: '' },
    { name: 'gateway', role: 'subject', url: gateway.url, expected: 'redis-cache; hit' },
  ];
  const measure = ({ url, expected }, milliseconds) =>
    load.measure({ url, expected, bodies, connections: CONNECTIONS, milliseconds });
  await inTurn(contenders, 1, (contender) => measure(contender, bench.effort(2_000, 1_000)));
  const results = await inTurn(contenders, bench.effort(25, 7), (contender) =>
    measure(contender, bench.effort(300, 200)),
  );
  await Promise.all([gateway, bare, load].map((process) => bench.end(process)));
  return {
    rows: contenders.map((one) => rowOf(one, results.get(one), results.get(contenders[0]))),
    unit: '1/s',
  };
}

function rowOf(contender, rounds, baseline) {
  const rate = summarise(rounds.map((round) => round.perSecond));
  const toBaseline = summarise(rounds.map((round, index) => round.perSecond / baseline[index].perSecond));
  const isBaseline = contender.role === 'baseline';
  return {
    contender,
    cells: [perSecond(rate), isBaseline ? '1 ×' : ratio(toBaseline)],
    measured: toBaseline.median,
    data: { perSecond: rate, ratio: toBaseline, rounds },
  };
}

/** Compares hits that are sent as events with the same hits as whole messages. */
export function streamHits(spec) {
  return { ...spec, run: (bench, tools) => runStreamHits(bench, tools, spec) };
}

async function runStreamHits(bench, { redis }, { id, path, toBody }) {
  const env = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: `bench-${id}`, CACHE_NEAR: 'true' };
  const gateway = bench.adopt(await startGateway(env));
  const load = bench.adopt(startLoad());
  const contenders = [
    { name: 'whole', role: 'baseline', bodies: questionBodies().map((body) => toBody(body, false)) },
    { name: 'as a stream', role: 'subject', bodies: questionBodies().map((body) => toBody(body, true)) },
  ];
  for (const { bodies } of [...contenders, ...contenders]) {
    for (const body of bodies) await ask(gateway.url, body, path);
  }
  const expected = 'redis-cache; hit';
  const measure = ({ bodies }, time) =>
    load.measure({ url: gateway.url, path, expected, bodies, connections: CONNECTIONS, milliseconds: time });
  await inTurn(contenders, 1, (contender) => measure(contender, bench.effort(2_000, 1_000)));
  const results = await inTurn(contenders, bench.effort(25, 7), (contender) =>
    measure(contender, bench.effort(300, 200)),
  );
  await Promise.all([gateway, load].map((process) => bench.end(process)));
  const rows = contenders.map((one) => rowOf(one, results.get(one), results.get(contenders[0])));
  return { rows, unit: '1/s' };
}
