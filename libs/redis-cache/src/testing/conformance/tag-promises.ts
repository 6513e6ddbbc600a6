import assert from 'node:assert/strict';
import { atOnce, LONG_MS, ODD_NAMES, type Promises, SHORT_MS } from './subject.js';

/** The promises of `TagStore`. */
export const tagPromises: Promises = {
  'an unused tag has no version': async ({ backend: { tags } }) => {
    assert.deepEqual([...(await tags.read(['unknown']))], [null]);
  },

  'ensure creates a version, and read returns it': async ({ backend: { tags } }) => {
    const [version] = await tags.ensure(['tag'], LONG_MS);
    assert.equal(typeof version, 'string');
    assert.deepEqual([...(await tags.read(['tag']))], [version]);
  },

  'ensure keeps an existing version': async ({ backend: { tags } }) => {
    const before = await tags.ensure(['one'], LONG_MS);
    const after = await tags.ensure(['two', 'one'], LONG_MS);
    assert.equal(after[1], before[0]);
  },

  'concurrent calls of ensure return the same version': async ({ backend: { tags } }) => {
    const versions = await atOnce(20, () => tags.ensure(['tag'], LONG_MS));
    assert.equal(new Set(versions.map(([version]) => version)).size, 1);
  },

  'versions are returned in the order of the tags': async ({ backend: { tags } }) => {
    const [one, two] = await tags.ensure(['one', 'two'], LONG_MS);
    assert.deepEqual([...(await tags.read(['two', 'unknown', 'one']))], [two, null, one]);
  },

  'invalidate removes the version, which is never used again': async ({ backend: { tags } }) => {
    const had = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      const [version] = await tags.ensure(['tag'], LONG_MS);
      assert.ok(!had.has(version!), 'a version was used again');
      had.add(version!);
      await tags.invalidate(['tag']);
      const [left] = await tags.read(['tag']);
      assert.ok(left === null || !had.has(left!), 'the version still exists after the invalidation');
    }
  },

  'invalidate affects the named tags and no others': async ({ backend: { tags } }) => {
    const before = await tags.ensure(['one', 'two', 'three'], LONG_MS);
    await tags.invalidate(['one', 'never used', 'three']);
    const after = await tags.read(['one', 'two', 'three']);
    assert.deepEqual(
      after.map((version, index) => version === before[index]),
      [false, true, false],
    );
  },

  'a version is kept for the longest time requested': async ({ backend: { tags }, passTime }) => {
    await tags.ensure(['longer'], SHORT_MS);
    const versions = await tags.ensure(['longer'], LONG_MS);
    versions.push(...(await tags.ensure(['not shorter'], LONG_MS)));
    await tags.ensure(['not shorter'], SHORT_MS);
    await passTime(5 * SHORT_MS);
    assert.deepEqual([...(await tags.read(['longer', 'not shorter']))], versions);
  },

  'names are taken literally': async ({ backend: { tags } }) => {
    const versions = await tags.ensure(ODD_NAMES, LONG_MS);
    assert.equal(new Set(versions).size, ODD_NAMES.length);
    await tags.invalidate(ODD_NAMES.slice(1));
    assert.equal((await tags.read(ODD_NAMES))[0], versions[0]);
  },
};
