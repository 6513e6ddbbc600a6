import { setTimeout as sleep } from 'node:timers/promises';
import { load } from '../contenders/packages.mjs';
import { milliseconds } from '../lib/format.mjs';
import { startRedis } from '../lib/redis-server.mjs';
import { summarise } from '../lib/statistics.mjs';
import { endGroup, inTurn, notAvailable, startGroups } from './rounds.mjs';

const HEAD_START_MS = 20;
const WARM_UP_ROUNDS = 2;

/** Measures how long after the leader a follower in another process has each piece of a stream. */
export function streamFollower(spec) {
  return { ...spec, run: (bench, tools) => runFollower(bench, tools, spec) };
}

async function runFollower(bench, { redis }, { id }) {
  const processes = { operation: 'getOrStream', processes: 2, redis, label: id };
  const { groups, missing } = await startGroups(bench, processes);
  const rounds = WARM_UP_ROUNDS + bench.effort(10, 4);
  const results = await inTurn(groups, rounds, ({ processes: [first, second] }, round) =>
    streamTo(first, second, { key: `${id}-${round}`, pieces: 100, paceMs: 10 }),
  );
  for (const group of groups) await endGroup(bench, group);
  const rows = groups.map(({ contender }, index) => {
    const delays = results.get(groups[index]).slice(WARM_UP_ROUNDS).flat();
    const delay = summarise(delays);
    const cells = [milliseconds(delay), `at most ${delay.max.toFixed(1)} ms; ${delays.length} pieces`];
    return { contender, cells, measured: delay.median, data: { delay } };
  });
  return { rows: [...rows, ...missing.map(notAvailable)], unit: 'ms' };
}

/** Returns how late the follower had each piece that was made after it came. */
async function streamTo(first, second, stream) {
  const led = first.call('lead', stream);
  await sleep(HEAD_START_MS);
  const delays = await second.call('follow', stream);
  await led;
  if (delays.length !== stream.pieces) throw new Error(`the follower had ${delays.length} pieces`);
  return delays.slice(Math.ceil((5 * HEAD_START_MS) / stream.paceMs));
}

/** Counts the commands that a stream of pieces at full speed sends, with a follower in another process. */
export function streamCommands(spec) {
  return { ...spec, run: (bench) => runCommands(bench, spec) };
}

/** Each of the two processes may send one in this time. */
const COMMAND_MS = 10;
const STREAM_MS = 2_000;
const PACE_MS = 0.2;

async function runCommands(bench, { id }) {
  // A server of its own, so that no other scenario's commands are counted.
  const redis = await startRedis();
  const processes = { operation: 'getOrStream', processes: 2, redis, label: id };
  const { groups, missing } = await startGroups(bench, processes);
  const { Redis } = load('ioredis');
  const client = new Redis(redis.url);
  const rows = [];
  for (const { contender, processes: group } of groups) {
    await streamTo(...group, { key: 'warm-up', pieces: 100, paceMs: 1 });
    const before = await commandsOf(client);
    const startedAt = performance.now();
    await streamTo(...group, { key: id, pieces: STREAM_MS / PACE_MS, paceMs: PACE_MS });
    const allowed = (2 * (performance.now() - startedAt)) / COMMAND_MS;
    const commands = (await commandsOf(client)) - before;
    const measured = commands / allowed;
    const cells = [`${commands} commands`, `${measured.toFixed(2)} of one in ${COMMAND_MS} ms and process`];
    rows.push({ contender, cells, measured, data: { commands, allowed } });
  }
  for (const group of groups) await endGroup(bench, group);
  client.disconnect();
  await redis.end();
  return { rows: [...rows, ...missing.map(notAvailable)], unit: '×' };
}

/** How many scripts clients have sent; what a script runs inside the server is not counted. */
async function commandsOf(client) {
  const stats = await client.info('commandstats');
  const calls = [...stats.matchAll(/^cmdstat_(?:eval|evalsha):calls=(\d+)/gm)];
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}
