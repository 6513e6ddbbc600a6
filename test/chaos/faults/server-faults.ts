import type { Fault } from './fault.js';
import { Standalone } from './standalone.js';

/** Faults of the process of the server. */

export const refused: Fault<Standalone> = {
  name: 'refused at the start',
  leaves: 'unavailable',
  isFirst: true,
  data: 'lost',
  world: Standalone.start,
  start: ({ server }) => server.kill(),
  stop: ({ server }) => server.restart(),
};

export const frozen: Fault<Standalone> = {
  name: 'frozen (SIGSTOP)',
  leaves: 'unavailable',
  world: Standalone.start,
  start: ({ server }) => server.pause(),
  stop: ({ server }) => server.resume(),
};

export const killed: Fault<Standalone> = {
  name: 'killed (SIGKILL)',
  leaves: 'unavailable',
  world: Standalone.start,
  start: ({ server }) => server.kill(),
  stop: ({ server }) => server.restart(),
};

const restarted: Fault<Standalone> = {
  name: 'restarted with its data',
  leaves: 'unsteady',
  world: Standalone.start,
  start: async ({ server }) => {
    await server.kill();
    await server.restart();
  },
  stop: async () => undefined,
};

const restartedEmpty: Fault<Standalone> = {
  name: 'restarted empty',
  leaves: 'unsteady',
  data: 'lost',
  world: Standalone.start,
  start: async ({ server }) => {
    await server.kill();
    await server.restart({ appendonly: false });
  },
  stop: async () => undefined,
};

const loading: Fault<Standalone> = {
  name: 'loading its data (LOADING)',
  leaves: 'unavailable',
  world: Standalone.start,
  start: async ({ admin }) => {
    await admin.config('SET', 'key-load-delay', '20000');
    await admin.config('SET', 'loading-process-events-interval-bytes', '1024');
    void admin.call('DEBUG', 'RELOAD').catch(() => undefined);
  },
  stop: async ({ server }) => server.client().config('SET', 'key-load-delay', '0'),
};

const readOnly: Fault<Standalone> = {
  name: 'read-only (a replica)',
  leaves: 'read-only',
  // Knows it as soon as a write was refused.
  except: { 'bullmq health': 'unsteady' },
  world: Standalone.start,
  // Of a master that is not there: the data stay.
  start: ({ admin, server }) => admin.replicaof(server.host, '1'),
  stop: ({ admin }) => admin.replicaof('NO', 'ONE'),
};

// By the server itself: data from a client would also fill buffers that are freed much later.
const FILL = `for i = 1, 200 do redis.call('SET', 'ballast-' .. i, string.rep('x', 100000)) end`;
const EMPTY = `for i = 1, 200 do redis.call('DEL', 'ballast-' .. i) end`;

const full: Fault<Standalone> = {
  name: 'out of memory (noeviction)',
  leaves: 'full',
  except: { 'bullmq health': 'unsteady' },
  world: Standalone.start,
  start: async ({ admin }) => {
    await admin.eval(FILL, 0);
    await admin.config('SET', 'maxmemory', '16mb');
  },
  stop: async ({ admin }) => {
    await admin.eval(EMPTY, 0);
    await admin.config('SET', 'maxmemory', '0');
  },
};

const scriptsFlushed: Fault<Standalone> = {
  name: 'scripts removed (SCRIPT FLUSH)',
  leaves: 'available',
  world: Standalone.start,
  start: ({ admin }) => admin.script('FLUSH'),
  stop: async () => undefined,
};

const flushed: Fault<Standalone> = {
  name: 'everything removed (FLUSHALL)',
  leaves: 'available',
  // Its worker counts as dead until its next heartbeat.
  except: { 'bullmq health': 'unsteady' },
  data: 'lost',
  world: Standalone.start,
  start: ({ admin }) => admin.flushall(),
  stop: async () => undefined,
};

export const SERVER_FAULTS: readonly Fault[] = [
  restarted,
  restartedEmpty,
  loading,
  readOnly,
  full,
  scriptsFlushed,
  flushed,
];
