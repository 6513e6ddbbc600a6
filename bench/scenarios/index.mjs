/** The scenarios and the limits of `--check`. Scenarios use operations and do not depend on contenders. */
import { telemetryContenders } from '../contenders/telemetry.mjs';
import { collapsedWaiter } from './collapsed-waiter.mjs';
import { frozenRedis } from './frozen-redis.mjs';
import { httpBesideMisses } from './http-beside-misses.mjs';
import { httpHits, streamHits } from './http-hits.mjs';
import { loadTime } from './load-time.mjs';
import { memory } from './memory.mjs';
import { parts } from './parts.mjs';
import { queue } from './queue.mjs';
import { queueIdle } from './queue-idle.mjs';
import { poolOverhead } from './pool-overhead.mjs';
import { stampede } from './stampede.mjs';
import { startUp } from './start-up.mjs';
import { streamCommands, streamFollower } from './stream-follower.mjs';
import { streamCrowd, streamFirstToken } from './stream-gateway.mjs';
import { throughput } from './throughput.mjs';

const small = { payload: { bytes: 2_048 }, keys: 256 };
const large = { payload: { bytes: 65_536 }, keys: 64 };
const crowd = { callers: 64 };
const near = { near: true, callers: 1 };
const telemetry = { ...small, operation: 'get', contenders: telemetryContenders, floor: 0.75 };

const message = (body, stream) => {
  const messages = [{ role: 'user', content: JSON.parse(body).prompt }];
  return JSON.stringify({ model: 'claude-haiku-5-5', max_tokens: 1_000, stream, messages });
};
const completion = (body, stream) => JSON.stringify({ ...JSON.parse(body), ...(stream && { stream }) });

export const scenarios = [
  parts({ id: 'parts', title: 'What the parts of a call cost' }),
  throughput({ ...small, ...near, id: 'near-get', title: 'Near hit', operation: 'get', floor: 0.6 }),
  throughput({
    ...small,
    ...near,
    id: 'near-get-or-set',
    title: 'Near hit of getOrSet',
    operation: 'getOrSet',
    floor: 0.5,
  }),
  throughput({
    ...small,
    ...crowd,
    id: 'redis-get-2k',
    title: 'Redis hit, 2 KB, 64 callers',
    operation: 'get',
    floor: 1.1,
  }),
  throughput({
    ...small,
    callers: 1,
    id: 'redis-get-2k-alone',
    title: 'Redis hit, 2 KB, 1 caller',
    operation: 'get',
    floor: 0.97,
  }),
  throughput({
    ...small,
    callers: 1,
    id: 'set-2k-alone',
    title: 'Set, 2 KB, 1 caller',
    operation: 'set',
    floor: 0.9,
  }),
  throughput({
    ...large,
    ...crowd,
    id: 'redis-get-or-set-64k',
    title: 'Redis hit of getOrSet, 64 KB, 64 callers (baseline: GET + JSON.parse)',
    operation: 'getOrSet',
    baselineOperation: 'get',
    floor: 0.95,
  }),
  throughput({
    ...small,
    ...crowd,
    id: 'redis-get-or-set-2k',
    title: 'Redis hit of getOrSet, 2 KB, 64 callers (baseline: GET + JSON.parse)',
    operation: 'getOrSet',
    baselineOperation: 'get',
    floor: 1.1,
  }),
  throughput({
    ...crowd,
    keys: 256,
    payload: { bytes: 2_048, plain: false },
    id: 'redis-get-2k-unicode',
    title: 'Redis hit, 2 KB with characters beyond ASCII, 64 callers',
    operation: 'get',
  }),
  throughput({
    ...large,
    callers: 1,
    id: 'redis-get-64k-alone',
    title: 'Redis hit, 64 KB, 1 caller',
    operation: 'get',
  }),
  throughput({
    ...large,
    ...crowd,
    id: 'redis-get-64k',
    title: 'Redis hit, 64 KB, 64 callers',
    operation: 'get',
    floor: 0.95,
  }),
  throughput({
    ...large,
    ...crowd,
    id: 'redis-bytes-64k',
    title: 'Redis hit as bytes, 64 KB, 64 callers (baseline: GET + JSON.parse)',
    operation: 'getBytes',
    baselineOperation: 'get',
    floor: 1.3,
  }),
  throughput({
    ...small,
    ...crowd,
    id: 'set-2k',
    title: 'Set, 2 KB, 64 callers',
    operation: 'set',
    floor: 1,
  }),
  throughput({
    ...large,
    ...crowd,
    id: 'set-64k',
    title: 'Set, 64 KB, 64 callers',
    operation: 'set',
    floor: 0.9,
  }),
  queue({
    payload: small.payload,
    ...crowd,
    id: 'queue-enqueue',
    title: 'Enqueue, 2 KB, 64 callers (baseline: XADD)',
    task: 'enqueueRound',
    operation: 'enqueue',
    count: 10_000,
    floor: 1.2,
  }),
  queue({
    payload: small.payload,
    callers: 1,
    id: 'queue-enqueue-alone',
    title: 'Enqueue, 2 KB, 1 caller (baseline: XADD)',
    task: 'enqueueRound',
    operation: 'enqueue',
    count: 4_000,
    floor: 0.7,
  }),
  queue({
    payload: small.payload,
    callers: 100,
    id: 'queue-enqueue-100',
    title: 'Enqueue, 2 KB, 100 at once (baseline: XADD)',
    task: 'enqueueRound',
    operation: 'enqueue',
    count: 10_000,
    floor: 1.2,
  }),
  queue({
    payload: small.payload,
    callers: 1,
    id: 'queue-take-alone',
    title: 'Reserve + acknowledge, 2 KB, 1 caller (baseline: XREADGROUP + XACK)',
    task: 'takeRound',
    operation: 'take',
    batch: 1,
    count: 4_000,
    floor: 0.85,
  }),
  queue({
    payload: small.payload,
    callers: 1,
    id: 'queue-take-50',
    title: 'Reserve + acknowledge, 2 KB, 50 at a time (baseline: XREADGROUP COUNT 50 + XACK)',
    task: 'takeRound',
    operation: 'take',
    batch: 50,
    count: 10_000,
    floor: 0.7,
  }),
  queueIdle({
    payload: small.payload,
    id: 'queue-idle',
    title: 'Queued → handled in an idle system (baseline: XREADGROUP BLOCK, BullMQ)',
    ceiling: 0.9,
    ceilingUnit: ' ms',
  }),
  queue({
    payload: small.payload,
    ...crowd,
    id: 'queue-take',
    title: 'Reserve + acknowledge, 2 KB, 64 callers (baseline: XREADGROUP + XACK)',
    task: 'takeRound',
    operation: 'take',
    batch: 1,
    count: 10_000,
    floor: 1,
  }),
  queue({
    payload: small.payload,
    callers: 1,
    id: 'queue-take-batches',
    title: 'Reserve + acknowledge, 2 KB, 100 at a time (baseline: XREADGROUP COUNT 100 + XACK)',
    task: 'takeRound',
    operation: 'take',
    batch: 100,
    count: 10_000,
    floor: 0.8,
  }),
  queue({
    payload: small.payload,
    ...crowd,
    concurrency: 64,
    id: 'queue-end-to-end',
    title: 'Queue end to end, 2 KB, 64 producers, 64 handlers at a time (baseline: BullMQ)',
    task: 'endToEndRound',
    operation: 'work',
    count: 4_000,
    floor: 2.5,
  }),
  collapsedWaiter({
    payload: small.payload,
    id: 'collapsed-waiter',
    title: 'How much later than the leader a waiter in another process gets the value',
    ceiling: 15,
    ceilingUnit: ' ms',
  }),
  stampede({
    payload: small.payload,
    callers: 1_000,
    processes: 4,
    id: 'stampede',
    title: 'Stampede: 1,000 callers in 4 processes, a factory of 200 ms',
  }),
  stampede({
    payload: small.payload,
    callers: 1_000,
    processes: 1,
    id: 'stampede-one-process',
    title: 'Stampede: 1,000 callers in 1 process, a factory of 200 ms',
  }),
  frozenRedis({
    payload: small.payload,
    id: 'frozen-redis',
    title: 'Reads while Redis is frozen',
  }),
  frozenRedis({
    payload: small.payload,
    operation: 'getOrSet',
    id: 'frozen-redis-get-or-set',
    title: 'getOrSet while Redis is frozen',
  }),
  memory({
    payload: small.payload,
    id: 'memory',
    title: 'Heap after 100,000 writes and reads of 2 KB',
  }),
  startUp({
    id: 'start-up',
    title: 'A new process: import, connect, ready',
  }),
  throughput({
    ...telemetry,
    ...near,
    id: 'telemetry-near',
    title: 'Telemetry: near hit (baseline: without it)',
  }),
  throughput({
    ...telemetry,
    ...crowd,
    id: 'telemetry-redis',
    title: 'Telemetry: Redis hit, 2 KB, 64 callers (baseline: without it)',
  }),
  loadTime({
    id: 'load-time',
    title: 'Import of the published library after @nestjs/core',
    ceiling: 0.5,
    ceilingUnit: ' × of @nestjs/core',
  }),
  httpHits({
    id: 'http-near',
    title: 'HTTP: hits of the gateway, near cache on',
    near: true,
    floor: 0.8,
  }),
  httpHits({
    id: 'http-redis',
    title: 'HTTP: hits of the gateway, from Redis',
    near: false,
    floor: 0.6,
  }),
  httpBesideMisses({
    id: 'http-beside-misses',
    title: 'HTTP: hits of the gateway while 50 slow misses run, p99',
    ceiling: 2,
    ceilingUnit: ' ×',
  }),
  poolOverhead({
    id: 'pool-overhead',
    title: 'Worker pool over BullMQ: submission to result, 2 KB, 32 callers',
    ceiling: 1.25,
    ceilingUnit: ' ×',
  }),
  streamFollower({
    id: 'stream-follower',
    title: 'How much later than the leader a follower in another process has a piece of a stream',
    ceiling: 30,
    ceilingUnit: ' ms',
  }),
  streamCommands({
    id: 'stream-commands',
    title: 'Redis commands of a stream of 5,000 pieces a second, leader and follower together',
    ceiling: 1,
    ceilingUnit: ' of one in 10 ms and process',
  }),
  streamFirstToken({
    id: 'stream-first-local',
    title: 'First token of a stream through the gateway, pool local',
    pool: 'local',
    ceiling: 10,
    ceilingUnit: ' ms later',
  }),
  streamFirstToken({
    id: 'stream-first-bullmq',
    title: 'First token of a stream through the gateway, a worker process over BullMQ',
    pool: 'bullmq',
    ceiling: 30,
    ceilingUnit: ' ms later',
  }),
  streamCrowd({
    id: 'stream-crowd',
    title: '64 concurrent streams of 200 pieces, one in 10 ms (baseline: a proxy that pipes the bytes)',
    ceiling: 1.25,
    ceilingUnit: ' ×',
  }),
  streamCrowd({
    id: 'stream-crowd-flood',
    title: '64 concurrent streams of 200 pieces, all at once (baseline: a proxy that pipes the bytes)',
    pace: 0,
  }),
  streamHits({
    id: 'stream-hits-messages',
    title: 'HTTP: hits of /v1/messages as a stream (baseline: whole)',
    path: '/v1/messages',
    toBody: message,
    floor: 0.8,
  }),
  streamHits({
    id: 'stream-hits-completions',
    title: 'HTTP: hits of /v1/completions as a stream (baseline: whole, on the fast path)',
    path: '/v1/completions',
    toBody: completion,
  }),
];
