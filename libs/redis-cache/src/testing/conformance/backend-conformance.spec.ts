import * as jestGlobals from '@jest/globals';
import { describe, expect, it } from '@jest/globals';
import { MemoryBackend } from '../../core/backend/memory/memory-backend.js';
import { FakeClock } from '../fake-clock.js';
import { backendConformance } from './backend-conformance.js';
import { COUNTERS_SABOTAGES } from './spec-support/counter-sabotages.js';
import { HANDOVERS_SABOTAGES } from './spec-support/handover-sabotages.js';
import { LEASES_SABOTAGES, OUTCOMES_SABOTAGES } from './spec-support/lease-sabotages.js';
import {
  DEAD_LETTERS_SABOTAGES,
  QUEUE_BYTES_SABOTAGES,
  QUEUE_SABOTAGES,
  RESERVATIONS_SABOTAGES,
} from './spec-support/queue-sabotages.js';
import { replace, type Sabotage } from './spec-support/sabotage.js';
import { SmallFramework } from './spec-support/small-framework.js';
import { CLEARING_SABOTAGES, ENTRIES_SABOTAGES, TAGS_SABOTAGES } from './spec-support/store-sabotages.js';
import { STREAM_FENCES_SABOTAGES, STREAMS_SABOTAGES } from './spec-support/stream-sabotages.js';

const MAX_BYTES = 16 * 1024 * 1024;

backendConformance({
  name: 'memory with a fake clock',
  setUp: () => {
    const clock = new FakeClock();
    const backend = new MemoryBackend({ maxBytes: MAX_BYTES, now: clock.now });
    return { backend, passTime: (ms) => clock.advance(ms) };
  },
  framework: jestGlobals,
});

const setUp = () => ({ backend: new MemoryBackend({ maxBytes: MAX_BYTES }) });

type Break = (backend: MemoryBackend, clock: FakeClock) => void;

/** Returns the tests of the suite that fail on a memory backend broken by `sabotage`. */
async function failuresOf(sabotage: Break, only?: RegExp): Promise<string[]> {
  const framework = new SmallFramework();
  const setUpBroken = () => {
    const clock = new FakeClock();
    const backend = new MemoryBackend({ maxBytes: MAX_BYTES, now: clock.now });
    sabotage(backend, clock);
    return { backend, passTime: (ms: number) => clock.advance(ms) };
  };
  backendConformance({ name: 'broken', setUp: setUpBroken, framework });
  return framework.failures(only);
}

const SABOTAGES: Sabotage[] = [
  ...ENTRIES_SABOTAGES,
  ...CLEARING_SABOTAGES,
  ...QUEUE_SABOTAGES,
  ...RESERVATIONS_SABOTAGES,
  ...DEAD_LETTERS_SABOTAGES,
  ...QUEUE_BYTES_SABOTAGES,
  ...LEASES_SABOTAGES,
  ...OUTCOMES_SABOTAGES,
  ...HANDOVERS_SABOTAGES,
  ...TAGS_SABOTAGES,
  ...COUNTERS_SABOTAGES,
  ...STREAMS_SABOTAGES,
  ...STREAM_FENCES_SABOTAGES,
];

const rejects = async (): Promise<never> => Promise.reject(new Error('no'));

describe('the suite', () => {
  it('passes for a correct backend', async () => {
    expect(await failuresOf(() => {})).toEqual([]);
  });

  it.each(SABOTAGES)('fails for a backend where %s', async (_broken, sabotage, found) => {
    expect(await failuresOf(sabotage, found)).toEqual([expect.stringMatching(found)]);
  });

  it('fails for a backend that drops a tag version too early', async () => {
    const found = 'tags: a version is kept for the longest time requested';
    expect(await failuresOf(forgetTagsAfterFirstTime, /^tags/)).toEqual([found]);
  });

  it('fails for a backend whose pings reject', async () => {
    const failures = await failuresOf((backend) => (backend.ping = rejects), /^link/);
    expect(failures).toContain('link: ping and pingWrite succeed');
    expect(await failuresOf((backend) => (backend.pingWrite = rejects), /^link/)).toEqual(failures);
  });

  it('fails for a backend that cannot be closed twice', async () => {
    const failures = await failuresOf((backend) => {
      let closings = 0;
      backend.close = async () => {
        closings += 1;
        if (closings === 2) throw new Error('closed already');
      };
    }, /^link/);
    expect(failures).toEqual(['link: close can be called more than once and never rejects']);
  });

  it('fails with the reason of a backend that is down', async () => {
    const failing = failuresOf((backend) => {
      backend.watch = (listener) => listener.down(new Error('refused'));
    });
    await expect(failing).rejects.toThrow('refused');
  });

  it('tests foreign data only if plantForeign is given', () => {
    const [without, withForeign] = [new SmallFramework(), new SmallFramework()];
    const plantForeign = { entry: async () => {}, request: async () => {} };
    backendConformance({ name: 'x', setUp, framework: without });
    backendConformance({ name: 'x', setUp, framework: withForeign, plantForeign });
    expect(withForeign.names.slice(0, without.names.length)).toEqual(without.names);
    expect(withForeign.names.slice(without.names.length)).toEqual([
      expect.stringMatching(/discardForeign removes/),
      expect.stringMatching(/shift returns an empty string/),
    ]);
  });

  it('closes and tears down each backend once, in this order', async () => {
    const seen: string[] = [];
    const framework = new SmallFramework();
    const setUpSeen = () => {
      const backend = new MemoryBackend({ maxBytes: MAX_BYTES });
      backend.close = async () => void seen.push('close');
      return { backend, tearDown: () => seen.push('tear down') };
    };
    backendConformance({ name: 'x', setUp: setUpSeen, framework });
    await framework.failures(/ping and pingWrite succeed/);
    expect(seen).toEqual(['close', 'tear down']);
  });

  it('uses the global functions of the test framework, and fails without them', () => {
    const names: string[] = [];
    const globals = globalThis as Record<string, unknown>;
    const { describe: group, it: test, beforeEach, afterEach } = new SmallFramework();
    const own = { describe: group, it: test, beforeEach, afterEach };
    const former = Object.fromEntries(Object.keys(own).map((name) => [name, globals[name]]));
    try {
      Object.assign(globals, own, { it: (name: string) => names.push(name) });
      backendConformance({ name: 'x', setUp });
      globals['it'] = undefined;
      expect(() => backendConformance({ name: 'x', setUp })).toThrow(/pass them as `framework`/);
    } finally {
      Object.assign(globals, former);
    }
    expect(names).toContain('ping and pingWrite succeed');
  });
});

/** Keeps a version only for the time that was requested first, even if a longer time is requested later. */
function forgetTagsAfterFirstTime({ tags }: MemoryBackend, clock: FakeClock): void {
  const ends = new Map<string, number>();
  replace(tags, 'ensure', (ensure) => async (names, keepMs) => {
    const versions = await tags.read(names);
    for (const [index, name] of names.entries()) {
      if (versions[index] === null) ends.set(name, clock.now() + keepMs);
    }
    return ensure(names, keepMs);
  });
  replace(tags, 'read', (read) => async (names) => {
    const versions = await read(names);
    return versions.map((version, index) => (ends.get(names[index]!)! > clock.now() ? version : null));
  });
}
