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
    'set ignores the TTL',
    ({ entries }) => replace(entries, 'set', (set) => (key, bytes) => set(key, bytes, 1_000_000)),
    /^entries: an entry expires/,
  ],
  [
    'get decodes the bytes as UTF-8',
    ({ entries }) =>
      replace(entries, 'get', (get) => async (key) => {
        const bytes = await get(key);
        return bytes && Buffer.from(bytes.toString());
      }),
    /^entries: get returns exactly the bytes/,
  ],
  [
    'get drops a closing brace from the key',
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
    /^entries: setUnlessYounger keeps a younger/,
  ],
  [
    'setUnlessYounger never replaces',
    ({ entries }) =>
      replace(entries, 'setUnlessYounger', (set) => async (key, bytes, ttlMs) => {
        return (await entries.get(key)) === null && set(key, bytes, ttlMs);
      }),
    /^entries: setUnlessYounger stores unless/,
  ],
  [
    'setUnlessYounger ignores the TTL',
    ({ entries }) =>
      replace(entries, 'setUnlessYounger', (set) => (key, bytes) => set(key, bytes, 1_000_000)),
    /^entries: setUnlessYounger applies the TTL/,
  ],
  [
    'delete ignores all keys but the first',
    ({ entries }) => replace(entries, 'delete', (del) => (keys) => del(keys.slice(0, 1))),
    /^entries: delete removes the named/,
  ],
  [
    'delete keeps the lease',
    ({ entries }) =>
      replace(entries, 'delete', () => async (keys) => {
        for (const key of keys) await entries.discard(key, (await entries.get(key)) ?? Buffer.alloc(0));
      }),
    /^entries: delete revokes the leases/,
  ],
  [
    'discard does not compare the bytes',
    ({ entries }) =>
      replace(entries, 'discard', (discard) => async (key) => {
        const bytes = await entries.get(key);
        return bytes ? discard(key, bytes) : 0;
      }),
    /^entries: discard keeps an entry that has been replaced/,
  ],
  [
    'discardForeign deletes entries',
    ({ entries }) =>
      replace(entries, 'discardForeign', () => async (key) => {
        await entries.delete([key]);
        return 1;
      }),
    /^entries: discardForeign removes nothing/,
  ],
];

export const CLEARING_SABOTAGES: Sabotage[] = [
  [
    'the keys of a page have any prefix',
    ({ entries }) => replace(entries, 'keyPage', (page) => (_prefix, cursor) => page('', cursor)),
    /^clearing: reading the keys/,
  ],
  [
    'clearPage does nothing',
    ({ entries }) => replace(entries, 'clearPage', () => async () => null),
    /^clearing: clearing page by page/,
  ],
  [
    'clearPage never ends',
    ({ entries }) =>
      replace(entries, 'clearPage', (clear) => async (cursor) => {
        await clear(cursor);
        return 'more';
      }),
    /^clearing: clearing an empty store/,
  ],
  [
    'clearPage removes entries before leases',
    ({ entries }) =>
      replace(entries, 'clearPage', () => async () => {
        for (let index = 0; index < 1_500; index += 1) {
          const key = `entry-${index}`;
          await entries.discard(key, (await entries.get(key)) ?? Buffer.alloc(0));
        }
        return null;
      }),
    /^clearing: no entry is removed before/,
  ],
  [
    'clearPage invalidates tags',
    ({ entries, tags }) =>
      replace(entries, 'clearPage', (clear) => async (cursor) => {
        await tags.invalidate(['tag']);
        return clear(cursor);
      }),
    /^clearing: clearing keeps queues and tags/,
  ],
];

export const TAGS_SABOTAGES: Sabotage[] = [
  [
    'ensure always creates a new version',
    ({ tags }) =>
      replace(tags, 'ensure', (ensure) => async (names, keepMs) => {
        await tags.invalidate(names);
        return ensure(names, keepMs);
      }),
    /^tags: ensure keeps an existing/,
  ],
  [
    'versions are used again',
    ({ tags }) => {
      const versions = new Set<string>();
      tags.ensure = async (names) => names.map((name) => `1-${versions.add(name) && name}`);
      tags.read = async (names) => names.map((name) => (versions.has(name) ? `1-${name}` : null));
      tags.invalidate = async (names) => names.forEach((name) => versions.delete(name));
    },
    /^tags: invalidate removes the version/,
  ],
  [
    'read omits tags without a version',
    ({ tags }) =>
      replace(tags, 'read', (read) => async (names) => (await read(names)).filter((found) => found !== null)),
    /^tags: versions are returned in the order/,
  ],
  [
    'invalidate ignores all tags but the first',
    ({ tags }) => replace(tags, 'invalidate', (invalidate) => (names) => invalidate(names.slice(0, 1))),
    /^tags: invalidate affects the named/,
  ],
];
