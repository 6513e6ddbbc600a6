import { OptionNames } from 'nestjs-redis-connection';
import { InvalidOptionsError } from '../../core.js';
import type { Backend } from '../../core/backend/backend.js';
import { arrivalPromises } from './arrival-promises.js';
import { clearPromises } from './clear-promises.js';
import { counterPromises } from './counter-promises.js';
import { deadLetterPromises } from './dead-letter-promises.js';
import { entryPromises } from './entry-promises.js';
import { foreignPromises, type PlantForeign } from './foreign-promises.js';
import { handoverPromises } from './handover-promises.js';
import { leasePromises } from './lease-promises.js';
import { linkPromises } from './link-promises.js';
import { outcomePromises } from './outcome-promises.js';
import { queueBytePromises } from './queue-byte-promises.js';
import { queuePromises } from './queue-promises.js';
import { reservationPromises } from './reservation-promises.js';
import { streamFencePromises, streamPromises } from './stream-promises.js';
import type { Promises, Subject } from './subject.js';
import { tagPromises } from './tag-promises.js';

/** The functions of a test framework. Those of Jest, Vitest, Mocha and `node:test` all fit. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
  beforeEach(body: () => Promise<void>): unknown;
  afterEach(body: () => Promise<void>): unknown;
  /** Not needed: a broken promise is an `AssertionError` of `node:assert`, which every framework shows. */
  expect?: unknown;
}

/** A backend for one test. */
export interface BackendUnderTest {
  /** Must be empty and independent of the backends of all other tests. Closed after the test. */
  backend: Backend;
  /** Lets `ms` milliseconds pass for the backend, such as `clock.advance`. Default: waits for that time. */
  passTime?: (ms: number) => unknown;
  /** Called after the backend is closed. */
  tearDown?: () => unknown;
}

export interface ConformanceOptions {
  /** Name of the backend in the test report. */
  name: string;
  /** Creates a backend; called before each test. */
  setUp: () => BackendUnderTest | Promise<BackendUnderTest>;
  /** The functions of the test framework. Default: the global ones. */
  framework?: TestFramework;
  /** For stores that other programs can write to. Without it, or one of its functions, that part is not tested. */
  plantForeign?: PlantForeign;
}

const OPTIONS = new OptionNames<ConformanceOptions>(
  { name: true, setUp: true, framework: true, plantForeign: true },
  (path, problem) => new InvalidOptionsError(path, problem),
);

/**
 * Defines tests for every promise of `Backend` and its stores. Call it in a test file, with your own backend. Without
 * `passTime` the tests wait in real time, some seconds in all.
 *
 * @throws {InvalidOptionsError} an unknown option
 * @throws {Error} no `framework` was given, and its functions are not global
 * @example
 * import { afterEach, beforeEach, describe, it } from 'vitest';
 *
 * backendConformance({
 *   name: 'my backend',
 *   setUp: () => ({ backend: new MyBackend() }),
 *   framework: { describe, it, beforeEach, afterEach },
 * });
 */
export function backendConformance(options: ConformanceOptions): void {
  OPTIONS.check(options);
  const { framework = globalFramework() } = options;
  framework.describe(`the backend contract on ${options.name}`, () => {
    const current = useBackends(options, framework);
    for (const [title, promises] of Object.entries(allPromises(options))) {
      framework.describe(title, () => define(promises, current, framework));
    }
  });
}

function allPromises({ plantForeign = {} }: ConformanceOptions): Record<string, Promises> {
  const promises = {
    link: linkPromises,
    entries: entryPromises,
    clearing: clearPromises,
    queue: queuePromises,
    'queue bytes': queueBytePromises,
    reservations: reservationPromises,
    'dead letters': deadLetterPromises,
    arrivals: arrivalPromises,
    leases: leasePromises,
    outcomes: outcomePromises,
    handovers: handoverPromises,
    tags: tagPromises,
    streams: streamPromises,
    'stream fences': streamFencePromises,
    counters: counterPromises,
    'foreign data': foreignPromises(plantForeign),
  };
  // Some frameworks reject a group without tests.
  return Object.fromEntries(Object.entries(promises).filter(([, group]) => Object.keys(group).length > 0));
}

function define(promises: Promises, current: () => Subject, framework: TestFramework): void {
  for (const [name, check] of Object.entries(promises)) framework.it(name, () => check(current()));
}

/** Opens a backend before each test and closes it afterwards. */
function useBackends({ setUp }: ConformanceOptions, framework: TestFramework): () => Subject {
  let opened: BackendUnderTest | undefined;
  framework.beforeEach(async () => {
    opened = undefined;
    opened = await setUp();
    await reachable(opened.backend);
  });
  framework.afterEach(async () => {
    await opened?.backend.close();
    await opened?.tearDown?.();
  });
  return () => {
    const { backend, passTime = wait } = opened!;
    return { backend, passTime: async (ms) => void (await passTime(ms)) };
  };
}

/** Resolves when the backend reports that it is up. */
function reachable(backend: Backend): Promise<void> {
  return new Promise((resolve, reject) => backend.watch({ up: resolve, down: reject }));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function globalFramework(): TestFramework {
  const { describe, it, beforeEach, afterEach } = globalThis as unknown as Partial<TestFramework>;
  if (describe && it && beforeEach && afterEach) return { describe, it, beforeEach, afterEach };
  throw new Error(
    'the test framework has no global describe, it, beforeEach and afterEach: pass them as `framework`',
  );
}
