import { MemoryBackend } from '../../../core/backend/memory/memory-backend.js';
import type { RedisCacheService } from '../../../core/redis-cache.service.js';
import { createTestingCache } from '../../create-testing-cache.js';
import { ChaosBackend } from '../chaos-backend.js';

export const DEADLINE_MS = 40;
/** A call takes some deadlines at most; one that takes longer than this never settles. */
const NEVER_MS = 30_000;

/** Two caches on one memory backend, as two processes share a Redis, each with its own faults. */
export class TwoProcesses {
  readonly chaos: readonly ChaosBackend[];
  readonly caches: readonly RedisCacheService[];
  readonly shared = new MemoryBackend({ maxBytes: 1_000_000 });
  readonly #clock = { now: () => Date.now() };

  constructor() {
    this.chaos = [new ChaosBackend(this.shared), new ChaosBackend(this.shared)];
    this.caches = this.chaos.map((backend, index) =>
      createTestingCache({
        backend,
        clock: this.#clock,
        commandTimeoutMs: DEADLINE_MS,
        compressAboveBytes: index === 0 ? 20 : undefined,
        getOrSet: { leaseMs: 50 },
      }),
    );
  }

  /** Ends all faults and waits until both caches are connected again. */
  async recovered(): Promise<void> {
    for (const [index, chaos] of this.chaos.entries()) {
      chaos.set({ failRate: 0, hangRate: 0, delayRate: 0, corruptRate: 0 });
      // A probe may hang; a new connection starts a new one.
      chaos.goDown();
      chaos.comeUp();
      const cache = this.caches[index]!;
      await answered(connected(cache), 'recovering');
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.caches.map((cache) => answered(cache.close(), 'close')));
  }
}

async function connected(cache: RedisCacheService): Promise<void> {
  while (!(await cache.isConnected())) await new Promise((resolve) => setImmediate(resolve));
}

/** Rejects when the promise does not settle in time. */
export function answered<T>(promise: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} did not settle`)), NEVER_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
