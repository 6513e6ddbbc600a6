import { replace, type Sabotage } from './sabotage.js';

export const ENTRIES_SABOTAGES: Sabotage[] = [
  [
    'set keeps the first value',
    ({ entries }) =>
      replace(entries, 'set', (set) => async (key, bytes, ttlMs) => {
        if ((await entries.get(key)) === null) await set(key, bytes, ttlMs);
      }),
    /^entries: set replaces/,
  ],
  [
    'set forgets the TTL',
    ({ entries }) => replace(entries, 'set', (set) => (key, bytes) => set(key, bytes, 1_000_000)),
    /^entries: an entry is there during its TTL/,
  ],
  [
    'get decodes bytes as a text',
    ({ entries }) =>
      replace(entries, 'get', (get) => async (key) => {
        const bytes = await get(key);
        return bytes && Buffer.from(bytes.toString());
      }),
    /^entries: get answers the bytes/,
  ],
  [
    'keys lose what stands behind a brace',
    ({ entries }) => replace(entries, 'get', (get) => (key) => get(key.replace(/(.)\}$/, '$1'))),
    /^entries: keys are taken literally/,
  ],
  [
    'setUnlessYounger always stores',
    ({ entries }) =>
      replace(entries, 'setUnlessYounger', () => async (key, bytes, ttlMs) => {
        await entries.set(key, bytes, ttlMs);
        return true;
      }),
    /^entries: setUnlessYounger leaves a younger/,
  ],
  [
    'setUnlessYounger never replaces',
    ({ entries }) =>
      replace(entries, 'setUnlessYounger', (set) => async (key, bytes, ttlMs) => {
        return (await entries.get(key)) === null && set(key, bytes, ttlMs);
      }),
    /^entries: setUnlessYounger stores where/,
  ],
  [
    'setUnlessYounger forgets the TTL',
    ({ entries }) =>
      replace(entries, 'setUnlessYounger', (set) => (key, bytes) => set(key, bytes, 1_000_000)),
    /^entries: setUnlessYounger gives the entry its TTL/,
  ],
  [
    'delete takes the first key only',
    ({ entries }) => replace(entries, 'delete', (del) => (keys) => del(keys.slice(0, 1))),
    /^entries: delete removes the entries/,
  ],
  [
    'delete forgets the lease',
    ({ entries }) =>
      replace(entries, 'delete', () => async (keys) => {
        for (const key of keys) await entries.discard(key, (await entries.get(key)) ?? Buffer.alloc(0));
      }),
    /^entries: delete revokes the leases/,
  ],
  [
    'discard does not compare',
    ({ entries }) =>
      replace(entries, 'discard', (discard) => async (key) => {
        const bytes = await entries.get(key);
        return bytes ? discard(key, bytes) : 0;
      }),
    /^entries: discard leaves an entry that was replaced/,
  ],
  [
    'discardForeign deletes entries',
    ({ entries }) =>
      replace(entries, 'discardForeign', () => async (key) => {
        await entries.delete([key]);
        return 1;
      }),
    /^entries: discardForeign leaves entries/,
  ],
];

export const CLEARING_SABOTAGES: Sabotage[] = [
  [
    'clearPage does nothing',
    ({ entries }) => replace(entries, 'clearPage', () => async () => null),
    /^clearing: page by page, every entry goes/,
  ],
  [
    'clearPage never ends',
    ({ entries }) =>
      replace(entries, 'clearPage', (clear) => async (cursor) => {
        await clear(cursor);
        return 'more';
      }),
    /^clearing: nothing to clear/,
  ],
  [
    'clearPage leaves the leases',
    ({ entries }) =>
      replace(entries, 'clearPage', () => async () => {
        for (let index = 0; index < 1_500; index += 1) {
          const key = `entry-${index}`;
          await entries.discard(key, (await entries.get(key)) ?? Buffer.alloc(0));
        }
        return null;
      }),
    /^clearing: no entry goes before the last lease/,
  ],
  [
    'clearPage clears the tags',
    ({ entries, tags }) =>
      replace(entries, 'clearPage', (clear) => async (cursor) => {
        await tags.invalidate(['tag']);
        return clear(cursor);
      }),
    /^clearing: queues and tags stay/,
  ],
];

export const TAGS_SABOTAGES: Sabotage[] = [
  [
    'ensure always gives a new version',
    ({ tags }) =>
      replace(tags, 'ensure', (ensure) => async (names, keepMs) => {
        await tags.invalidate(names);
        return ensure(names, keepMs);
      }),
    /^tags: ensure leaves a version/,
  ],
  [
    'versions are counted from one',
    ({ tags }) => {
      const versions = new Set<string>();
      tags.ensure = async (names) => names.map((name) => `1-${versions.add(name) && name}`);
      tags.read = async (names) => names.map((name) => (versions.has(name) ? `1-${name}` : null));
      tags.invalidate = async (names) => names.forEach((name) => versions.delete(name));
    },
    /^tags: after invalidate the tag has none/,
  ],
  [
    'read leaves out what has none',
    ({ tags }) =>
      replace(tags, 'read', (read) => async (names) => (await read(names)).filter((found) => found !== null)),
    /^tags: versions come in the order/,
  ],
  [
    'invalidate takes the first only',
    ({ tags }) => replace(tags, 'invalidate', (invalidate) => (names) => invalidate(names.slice(0, 1))),
    /^tags: invalidate touches the tags it names/,
  ],
];
