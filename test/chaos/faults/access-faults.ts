import type { Fault } from './fault.js';
import { PASSWORD, Standalone } from './standalone.js';

/** Longer than the calls of the operations take. */
const PAUSE_MS = 20_000;

/** Faults of what the server allows its clients. */

export const lostRight: Fault<Standalone> = {
  name: 'without the right to GET, SET and EVALSHA',
  leaves: 'unsteady',
  // One for each command that is refused.
  lines: 10,
  world: Standalone.withUser,
  start: (world) => world.change('-get', '-set', '-eval', '-evalsha'),
  stop: (world) => world.change('+@all'),
};

const passwordSet: Fault<Standalone> = {
  name: 'a password is set',
  leaves: 'unavailable',
  world: Standalone.start,
  start: async (world) => {
    await world.admin.config('SET', 'requirepass', PASSWORD);
    await world.disconnectProgram();
  },
  stop: ({ admin }) => admin.config('SET', 'requirepass', ''),
};

const passwordChanged: Fault<Standalone> = {
  name: 'the password is changed',
  leaves: 'unavailable',
  world: Standalone.withPassword,
  start: async (world) => {
    await world.admin.config('SET', 'requirepass', 'second-secret');
    await world.disconnectProgram();
  },
  stop: ({ admin }) => admin.config('SET', 'requirepass', PASSWORD),
};

const paused: Fault<Standalone> = {
  name: 'CLIENT PAUSE ALL',
  leaves: 'unavailable',
  world: Standalone.start,
  start: ({ admin }) => admin.call('CLIENT', 'PAUSE', PAUSE_MS, 'ALL'),
  // The pause includes the command that would end it.
  stop: ({ admin }) => admin.ping(),
};

const writesPaused: Fault<Standalone> = {
  name: 'CLIENT PAUSE WRITE',
  leaves: 'unsteady',
  world: Standalone.start,
  start: ({ admin }) => admin.call('CLIENT', 'PAUSE', 600_000, 'WRITE'),
  stop: ({ admin }) => admin.call('CLIENT', 'UNPAUSE'),
};

const clientsKilled = (type: string): Fault<Standalone> => ({
  name: `CLIENT KILL TYPE ${type}`,
  leaves: 'unsteady',
  world: Standalone.start,
  start: ({ admin }) => admin.call('CLIENT', 'KILL', 'TYPE', type),
  stop: async () => undefined,
});

export const ACCESS_FAULTS: readonly Fault[] = [
  passwordSet,
  passwordChanged,
  paused,
  writesPaused,
  clientsKilled('normal'),
  clientsKilled('pubsub'),
];
