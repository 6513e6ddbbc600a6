/**
 * The contract of every tag store. Run on memory by `memory-backend.spec.ts`, on Redis by
 * `stores.int-spec.ts`.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Backend } from '@redis-cache/core/backend/backend.js';
import { until } from '@test/support/index.js';
import { freshKey, type StoresUnderTest } from './lease-conformance.js';

const LONG_MS = 60_000;

const fresh = (count: number): string[] => Array.from({ length: count }, freshKey);

export function tagConformance(name: string, setUp: () => Promise<StoresUnderTest>): void {
  describe(`tags on ${name}`, () => {
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

    const ensure = (...tags: string[]) => backend.tags.ensure(tags, LONG_MS);

    it('have no version until ensure is called', async () => {
      expect(await backend.tags.read(fresh(2))).toEqual([null, null]);
    });

    it('have distinct versions, and keep them', async () => {
      const tags = fresh(3);
      const versions = await ensure(...tags);
      expect(new Set(versions).size).toBe(3);
      expect(await ensure(...tags)).toEqual(versions);
      expect(await backend.tags.read(tags)).toEqual(versions);
    });

    it('are returned in the requested order', async () => {
      const [one, two, three] = fresh(3) as [string, string, string];
      const [versionOfOne, versionOfThree] = await ensure(one, three);
      expect(await backend.tags.read([three, two, one])).toEqual([versionOfThree, null, versionOfOne]);
    });

    it('receive one version from concurrent calls', async () => {
      const [tag] = fresh(1) as [string];
      const versions = await Promise.all(Array.from({ length: 20 }, () => ensure(tag)));
      expect(new Set(versions.flat()).size).toBe(1);
    });

    it('lose their version on invalidation, and never receive it again', async () => {
      const [tag, other] = fresh(2) as [string, string];
      const seen = new Set<string>();
      const [, versionOfOther] = await ensure(tag, other);
      for (let round = 0; round < 10; round += 1) {
        seen.add((await ensure(tag))[0]!);
        await backend.tags.invalidate([tag]);
        expect(await backend.tags.read([tag])).toEqual([null]);
      }
      expect(seen.size).toBe(10);
      expect(await backend.tags.read([other])).toEqual([versionOfOther]);
    });

    it('can be invalidated several at once, known or not', async () => {
      const tags = fresh(3);
      await ensure(tags[0]!, tags[1]!);
      await backend.tags.invalidate(tags);
      expect(await backend.tags.read(tags)).toEqual([null, null, null]);
    });

    it.each(['__proto__', 'constructor', '}', '{a}b', '*', ' '])(
      'take the name %j literally',
      async (tag) => {
        const [version] = await ensure(tag);
        expect(await backend.tags.read([tag, `${tag}}`])).toEqual([version, null]);
        await backend.tags.invalidate([tag]);
        expect(await backend.tags.read([tag])).toEqual([null]);
      },
    );
  });
}
