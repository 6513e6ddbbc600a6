import { setTimeout as sleep } from 'node:timers/promises';
import type { SoakStage } from './soak-stage.js';

/** Something that goes wrong for `ms`, and is over when it resolves. */
type SoakFault = (stage: SoakStage, ms: number) => Promise<unknown>;

/** Faults after which Redis has its data. */
export const FAULTS: Readonly<Record<string, SoakFault>> = {
  'Redis freezes': async ({ server }, ms) => {
    await server.pause();
    await sleep(ms);
    await server.resume();
  },
  'Redis is killed and returns with its data': async ({ server }, ms) => {
    await server.kill();
    await sleep(ms);
    await server.restart();
  },
  'connections are cut': async ({ proxy }, ms) => {
    proxy.cut();
    await sleep(ms);
    proxy.restore();
  },
  'connections go silent': async ({ proxy }, ms) => {
    proxy.silence();
    await sleep(ms);
    // The peers still wait: only the end of their connections shows them that these are dead.
    proxy.cut();
    proxy.restore();
  },
  'CLIENT KILL of one kind': async ({ redis }) => {
    for (const kind of ['normal', 'pubsub'])
      await redis.call('CLIENT', 'KILL', 'TYPE', kind, 'SKIPME', 'yes');
  },
  'CLIENT PAUSE': async ({ redis }, ms) => {
    await redis.call('CLIENT', 'PAUSE', String(Math.ceil(ms)), 'ALL');
    await sleep(ms);
  },
  'SCRIPT FLUSH': ({ redis }) => redis.script('FLUSH'),
  'processes are killed': (stage) => stage.replaceMortals(),
};

/** Faults after which keys are gone, which would hide a leak of keys. */
export const DATA_LOSSES: Readonly<Record<string, SoakFault>> = {
  'Redis is killed and returns empty': async ({ server, redis }, ms) => {
    await redis.flushall();
    await server.kill();
    await sleep(ms);
    await server.restart();
  },
  FLUSHALL: ({ redis }) => redis.flushall(),
};
