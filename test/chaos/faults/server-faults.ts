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
