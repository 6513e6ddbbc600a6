import type { Fault } from './fault.js';
import { Standalone } from './standalone.js';

/** Faults between the program and the server, and of the clock of the program's machine. */

/** More than the program has connections. */
const ALL_CONNECTIONS = 200;
const LATENCY_MS = 200;
const MINUTE_MS = 60_000;
/** Less than anything is kept. */
const JUMP_MS = 5 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

const slow: Fault<Standalone> = {
  name: `${LATENCY_MS} ms latency`,
  leaves: 'available',
  world: Standalone.start,
  start: async ({ proxy }) => proxy.delay(LATENCY_MS),
  stop: async ({ proxy }) => proxy.restore(),
};

const bytewise: Fault<Standalone> = {
  name: 'replies byte by byte',
  leaves: 'available',
  world: Standalone.start,
  start: async ({ proxy }) => proxy.sendBytewise(),
  stop: async ({ proxy }) => proxy.restore(),
};

const halfOpen: Fault<Standalone> = {
  name: 'half-open (the peer vanished)',
  leaves: 'unavailable',
  // BullMQ reports the silence of each of its connections.
  lines: 4,
  world: Standalone.start,
  start: async ({ proxy }) => proxy.silence(),
  stop: async ({ proxy }) => proxy.restore(),
};

const cutReplies: Fault<Standalone> = {
  name: 'cut in the middle of a reply',
  leaves: 'unsteady',
  world: Standalone.start,
  start: async ({ proxy }) => proxy.cutReplies(ALL_CONNECTIONS),
  stop: async ({ proxy }) => proxy.restore(),
};

const lostName: Fault<Standalone> = {
  name: 'the name does not resolve',
  leaves: 'unavailable',
  world: Standalone.start,
  start: async ({ proxy }, subject) => {
    await subject.resolve(false);
    proxy.cut();
    proxy.restore();
  },
  stop: (_world, subject) => subject.resolve(true),
};

const clockForth: Fault<Standalone> = {
  name: 'the clock jumps forth',
  leaves: 'available',
  world: Standalone.start,
  start: (_world, subject) => subject.shiftClock(JUMP_MS),
  stop: (_world, subject) => subject.shiftClock(0),
};

const clockBack: Fault<Standalone> = {
  name: 'the clock jumps back',
  leaves: 'available',
  world: Standalone.start,
  start: (_world, subject) => subject.shiftClock(-JUMP_MS),
  stop: (_world, subject) => subject.shiftClock(0),
};

/** Whatever waits by the wall clock waits for a day. */
const clockBackWhileFrozen: Fault<Standalone> = {
  name: 'frozen, and the clock jumps back by a day',
  leaves: 'unavailable',
  world: Standalone.start,
  start: async ({ server }, subject) => {
    await server.pause();
    await subject.shiftClock(-DAY_MS);
  },
  stop: ({ server }) => server.resume(),
};

export const NETWORK_FAULTS: readonly Fault[] = [
  slow,
  bytewise,
  halfOpen,
  cutReplies,
  lostName,
  clockForth,
  clockBack,
  clockBackWhileFrozen,
];
