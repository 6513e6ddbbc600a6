/**
 * The contract of every lease store. Run on memory by `memory-lease-store.spec.ts`, on Redis by
 * `stores.int-spec.ts`.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Backend, LeaseAttempt } from '@redis-cache/core/backend/backend.js';
import { encodeEntry, HEADER_BYTES } from '@redis-cache/core/entry/entry-envelope.js';
import { until } from '@test/support/index.js';

export interface StoresUnderTest {
  backend: Backend;
  stop(): Promise<unknown>;
}

const LONG_MS = 60_000;
const SHORT_MS = 60;
const TEXT = '{"message":"Grüße \\u0000 👋\\r\\n$5\\r\\n"}';

let keys = 0;

/** Returns a key that no other test uses, with characters that any parser could stumble over. */
export function freshKey(): string {
  keys += 1;
  return `${process.pid}}-{${keys}}\r\n\0 ü`;
}

function entryOf(text: string, createdAt = 1_000): Buffer {
  return encodeEntry(JSON.stringify(text), { createdAt, expiresAt: createdAt + 5_000, durationMs: 7 });
}

export function headerOf(entry: Buffer): Buffer {
  return entry.subarray(0, HEADER_BYTES);
}

export function leaseConformance(name: string, setUp: () => Promise<StoresUnderTest>): void {
  describe(`leases on ${name}`, () => {
    let backend: Backend;
    let stop: () => Promise<unknown>;

    beforeAll(async () => {
      ({ backend, stop } = await setUp());
      await until(() => backend.ping().then(() => true), { what: 'the backend to respond' });
    });

    afterAll(async () => {
      await backend?.close();
      await stop?.();
    });

    interface Wish {
      seen?: Buffer | null;
      hasStale?: boolean;
      force?: boolean;
      leaseMs?: number;
    }

    function acquire(key: string, token: string, wish: Wish = {}): Promise<LeaseAttempt> {
      const { leaseMs = LONG_MS, seen = null, hasStale = false, force = false } = wish;
      return backend.leases.acquire(key, token, leaseMs, { seen, hasStale, force });
    }

    async function held(wish: Wish = {}): Promise<{ key: string; token: string }> {
      const [key, token] = [freshKey(), randomUUID()];
      expect(await acquire(key, token, wish)).toEqual({ state: 'acquired' });
      return { key, token };
    }

    const peek = (key: string, holder: string, seen: Buffer | null = null) =>
      backend.leases.peek(key, holder, seen);

    function untilGone(key: string, token: string): Promise<unknown> {
      const isGone = async (): Promise<boolean> => (await peek(key, token)).state === 'gone';
      return until(isGone, { what: 'the lease to expire', everyMs: 5 });
    }

    /** Expects every operation of a lease holder to be refused for `token`. */
    async function expectPowerless(key: string, token: string): Promise<void> {
      const { leases } = backend;
      expect(await leases.renew(key, token, LONG_MS)).toBe(false);
      expect(await leases.complete(key, token, entryOf('powerless'), LONG_MS)).toBe(false);
      expect(await leases.fail(key, token, TEXT, LONG_MS)).toBe(false);
      expect(await leases.share(key, token, TEXT, LONG_MS)).toBe(false);
      expect(await leases.release(key, token)).toBe(false);
    }

    describe('acquire', () => {
      it('succeeds for one of many concurrent callers; the others learn the holder', async () => {
        const key = freshKey();
        const tokens = Array.from({ length: 20 }, () => randomUUID());
        const attempts = await Promise.all(tokens.map((token) => acquire(key, token)));
        const holder = tokens[attempts.findIndex(({ state }) => state === 'acquired')]!;
        const others = attempts.filter(({ state }) => state !== 'acquired');
        expect(others).toEqual(Array.from({ length: 19 }, () => ({ state: 'held', holder })));
      });

      it('is independent for each key', async () => {
        const { token } = await held();
        expect(await acquire(freshKey(), token)).toEqual({ state: 'acquired' });
      });

      it('returns the bytes of an entry that was written since the caller looked it up', async () => {
        const { key, token } = await held();
        const bytes = Buffer.concat([entryOf('x'), Buffer.from(Array.from({ length: 256 }, (_, at) => at))]);
        await backend.leases.complete(key, token, bytes, LONG_MS);
        for (const seen of [null, headerOf(entryOf('older', 999))]) {
          expect(await acquire(key, randomUUID(), { seen })).toEqual({ state: 'entry', bytes });
        }
      });

      it('succeeds if the stored entry is the one that the caller has seen', async () => {
        const [key, entry] = [freshKey(), entryOf('seen')];
        await backend.entries.set(key, entry, LONG_MS);
        expect(await acquire(key, randomUUID(), { seen: headerOf(entry) })).toEqual({ state: 'acquired' });
      });

      it('compares entries shorter than a header as a whole', async () => {
        const [key, entry] = [freshKey(), Buffer.from('"a"')];
        await backend.entries.set(key, entry, LONG_MS);
        expect(await acquire(key, randomUUID())).toEqual({ state: 'entry', bytes: entry });
        expect(await acquire(key, randomUUID(), { seen: headerOf(entry) })).toEqual({ state: 'acquired' });
      });

      it('succeeds if the entry that the caller has seen is gone', async () => {
        await held({ seen: headerOf(entryOf('gone')) });
      });
    });

    describe('force', () => {
      it('takes the lease from its holder, whose operations are refused from then on', async () => {
        const { key, token } = await held();
        const thief = randomUUID();
        expect(await acquire(key, thief, { force: true })).toEqual({ state: 'acquired' });
        await expectPowerless(key, token);
        expect(await backend.entries.get(key)).toBeNull();
        expect(await peek(key, token)).toEqual({ state: 'held', holder: thief });
        expect(await backend.leases.complete(key, thief, entryOf('new'), LONG_MS)).toBe(true);
      });

      it('ignores a stored entry and a failure', async () => {
        const { key, token } = await held();
        await backend.leases.fail(key, token, TEXT, LONG_MS);
        await backend.entries.set(key, entryOf('there'), LONG_MS);
        expect(await acquire(key, randomUUID(), { force: true })).toEqual({
          state: 'acquired',
        });
      });
    });

    describe('a holder', () => {
      it('is refused every operation once its lease has expired', async () => {
        const { key, token } = await held({ leaseMs: SHORT_MS });
        await untilGone(key, token);
        await expectPowerless(key, token);
        expect(await backend.entries.get(key)).toBeNull();
        expect(await acquire(key, randomUUID())).toEqual({ state: 'acquired' });
      });

      it('that lost its lease cannot change the entry of its successor', async () => {
        const { key, token } = await held({ leaseMs: SHORT_MS });
        await untilGone(key, token);
        const successor = randomUUID();
        await acquire(key, successor);
        await expectPowerless(key, token);
        expect(await backend.leases.complete(key, successor, entryOf('new'), LONG_MS)).toBe(true);
        await expectPowerless(key, token);
        expect(await backend.entries.get(key)).toEqual(entryOf('new'));
      });

      it('keeps the lease beyond its first duration by renewing it', async () => {
        const other = await held({ leaseMs: SHORT_MS });
        const { key, token } = await held({ leaseMs: SHORT_MS });
        expect(await backend.leases.renew(key, token, LONG_MS)).toBe(true);
        await untilGone(other.key, other.token);
        expect(await peek(key, token)).toEqual({ state: 'held', holder: token });
      });

      it('has no lease after complete, completeFailed, fail, share or release', async () => {
        const { leases } = backend;
        const ends = [
          (key: string, token: string) => leases.complete(key, token, entryOf('done'), LONG_MS),
          (key: string, token: string) => leases.completeFailed(key, token, entryOf('no'), LONG_MS, null),
          (key: string, token: string) => leases.fail(key, token, TEXT, LONG_MS),
          (key: string, token: string) => leases.share(key, token, TEXT, LONG_MS),
          (key: string, token: string) => leases.release(key, token),
        ];
        for (const end of ends) {
          const { key, token } = await held();
          expect(await end(key, token)).toBe(true);
          await expectPowerless(key, token);
        }
      });

      it.each(['delete', 'clear'])('loses the lease on %s', async (way) => {
        const { key, token } = await held();
        if (way === 'delete') await backend.entries.delete([key]);
        else
          for (let at = await backend.entries.clearPage(null); at !== null;)
            at = await backend.entries.clearPage(at);
        await expectPowerless(key, token);
        expect(await backend.entries.get(key)).toBeNull();
        expect(await peek(key, token)).toEqual({ state: 'gone' });
      });
    });

    describe('complete', () => {
      it('replaces the previous entry, and the new one expires after its TTL', async () => {
        const { key, token } = await held({ seen: headerOf(entryOf('old')) });
        await backend.entries.set(key, entryOf('old'), LONG_MS);
        expect(await backend.leases.complete(key, token, entryOf('new'), 150)).toBe(true);
        expect(await backend.entries.get(key)).toEqual(entryOf('new'));
        const isGone = async (): Promise<boolean> => (await backend.entries.get(key)) === null;
        await until(isGone, { what: 'the entry to expire' });
      });

      it('makes the entry visible to waiters, unless they have seen it', async () => {
        const { key, token } = await held();
        const entry = entryOf('new');
        await backend.leases.complete(key, token, entry, LONG_MS);
        expect(await peek(key, token)).toEqual({ state: 'entry', bytes: entry });
        expect(await peek(key, token, headerOf(entryOf('old', 1)))).toEqual({ state: 'entry', bytes: entry });
        expect(await peek(key, token, headerOf(entry))).toEqual({ state: 'gone' });
      });
    });

    describe('fail', () => {
      it('reports the failure only to waiters of that holder', async () => {
        const { key, token } = await held();
        expect(await backend.leases.fail(key, token, TEXT, LONG_MS)).toBe(true);
        expect(await peek(key, token)).toEqual({ state: 'failed', failure: TEXT });
        expect(await peek(key, randomUUID())).toEqual({ state: 'gone' });
      });

      it('denies the lease only to callers with a stale value', async () => {
        const { key, token } = await held();
        await backend.leases.fail(key, token, TEXT, LONG_MS);
        expect(await acquire(key, randomUUID(), { hasStale: true })).toEqual({
          state: 'failed',
          failure: TEXT,
        });
        expect(await acquire(key, randomUUID())).toEqual({ state: 'acquired' });
      });

      it('expires after the given time', async () => {
        const { key, token } = await held();
        await backend.leases.fail(key, token, TEXT, SHORT_MS);
        await untilGone(key, token);
        expect(await acquire(key, randomUUID(), { hasStale: true })).toEqual({ state: 'acquired' });
      });
    });

    describe('share', () => {
      it('returns the value only to waiters of that holder, and stores no entry', async () => {
        const { key, token } = await held();
        expect(await backend.leases.share(key, token, TEXT, LONG_MS)).toBe(true);
        expect(await peek(key, token)).toEqual({ state: 'value', json: TEXT });
        expect(await peek(key, randomUUID())).toEqual({ state: 'gone' });
        expect(await backend.entries.get(key)).toBeNull();
        expect(await acquire(key, randomUUID(), { hasStale: true })).toEqual({ state: 'acquired' });
      });
    });

    describe('release', () => {
      it('leaves no outcome, and the next caller acquires the lease', async () => {
        const { key, token } = await held();
        expect(await backend.leases.release(key, token)).toBe(true);
        expect(await peek(key, token)).toEqual({ state: 'gone' });
        expect(await acquire(key, randomUUID())).toEqual({ state: 'acquired' });
      });
    });

    it('peek returns the current holder, whatever holder is asked about', async () => {
      const { key, token } = await held();
      expect(await peek(key, randomUUID())).toEqual({ state: 'held', holder: token });
    });
  });
}
