import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { Cipher } from '../encryption/cipher.js';
import { encodeEntry, HEADER_BYTES, openEntry } from './entry-envelope.js';
import { EntrySealer, PLAIN_ENTRIES } from './entry-sealing.js';

const cipher = new Cipher([{ id: 'k1', key: randomBytes(32).toString('base64') }]);
const sealer = new EntrySealer(cipher, 'app', false);
const TIMES = { createdAt: 1_700_000_000_000, expiresAt: 1_700_003_600_000, durationMs: 1_234 };
const entries = fc
  .record({
    value: fc.jsonValue(),
    tags: fc.option(fc.dictionary(fc.string(), fc.string()), { nil: undefined }),
    failure: fc.boolean(),
    compressed: fc.boolean(),
  })
  .map(({ value, ...marks }) => encodeEntry(JSON.stringify(value), TIMES, marks));
const keys = fc.string({ minLength: 1 });

describe('an encrypted entry', () => {
  it('is the entry that was stored, under its key', () => {
    fc.assert(
      fc.property(keys, entries, (key, entry) => {
        expect(sealer.open(key, sealer.seal(key, entry))).toEqual(openEntry(entry));
      }),
    );
  });

  it('has the same header, but for one flag, so that scripts can compare it', () => {
    fc.assert(
      fc.property(keys, entries, (key, entry) => {
        const header = Buffer.from(sealer.seal(key, entry).subarray(0, HEADER_BYTES));
        header[1]! ^= 4;
        expect(header).toEqual(entry.subarray(0, HEADER_BYTES));
      }),
    );
  });

  it('is not readable under another key or prefix', () => {
    fc.assert(
      fc.property(keys, keys, entries, (key, other, entry) => {
        fc.pre(key !== other);
        const sealed = sealer.seal(key, entry);
        expect(sealer.open(other, sealed)).toBe('altered');
        expect(new EntrySealer(cipher, 'app2', false).open(key, sealed)).toBe('altered');
      }),
    );
  });

  it('is not readable after a bit was changed, in its times and flags neither', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(7), (entry, where, bit) => {
        const sealed = sealer.seal('key', entry);
        sealed[where % sealed.length]! ^= 1 << bit;
        const opened = sealer.open('key', sealed);
        expect(['altered', 'unknown-key', 'plain']).toContain(opened);
      }),
      { numRuns: 1_000 },
    );
  });

  it('contains neither value nor tags', () => {
    const entry = encodeEntry('"a secret answer"', TIMES, { tags: { secret: 'version' } });
    expect(sealer.seal('key', entry).includes('secret')).toBe(false);
  });
});

describe('an entry that is not encrypted', () => {
  const entry = encodeEntry('1', TIMES);

  it('is not readable by a cache that encrypts, unless it reads plain data too', () => {
    expect(sealer.open('key', entry)).toBe('plain');
    expect(sealer.open('key', Buffer.from('{"of":"another program"}'))).toBe('plain');
    expect(new EntrySealer(cipher, 'app', true).open('key', entry)).toEqual(openEntry(entry));
  });
});

describe('a cache without keys', () => {
  it('tells an encrypted entry from a damaged one', () => {
    const entry = encodeEntry('1', TIMES);
    expect(PLAIN_ENTRIES.open('key', sealer.seal('key', entry))).toBe('encrypted');
    expect(PLAIN_ENTRIES.open('key', entry)).toEqual(openEntry(entry));
    expect(PLAIN_ENTRIES.open('key', entry.subarray(0, -1))).toBeNull();
  });
});
