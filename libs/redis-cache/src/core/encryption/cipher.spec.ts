import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { Cipher, type NamedKey } from './cipher.js';

const newKey = (id: string): NamedKey => ({ id, key: randomBytes(32).toString('base64') });
const [OLD, NEW] = [newKey('2025'), newKey('2026')];
const PLACE = Buffer.from('entry:{key}');
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

describe('a sealed text', () => {
  const cipher = new Cipher([NEW]);

  it('is opened where it was sealed, whatever it is', () => {
    fc.assert(
      fc.property(bytes, bytes, (text, place) => {
        expect(cipher.open(cipher.seal(text, place), place)).toEqual(text);
      }),
    );
  });

  it('cannot be opened at another place', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (text, place, other) => {
        fc.pre(!place.equals(other));
        expect(cipher.open(cipher.seal(text, place), other)).toBe('altered');
      }),
    );
  });

  it('cannot be opened after any bit of it was changed', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(7), (text, where, bit) => {
        const sealed = cipher.seal(text, PLACE);
        sealed[where % sealed.length]! ^= 1 << bit;
        // The first bytes name the key.
        expect(['altered', 'unknown-key']).toContain(cipher.open(sealed, PLACE));
      }),
      { numRuns: 500 },
    );
  });

  it('cannot be opened when it is cut or longer', () => {
    const sealed = cipher.seal(Buffer.from('text'), PLACE);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(typeof cipher.open(sealed.subarray(0, length), PLACE)).toBe('string');
    }
    expect(cipher.open(Buffer.concat([sealed, Buffer.of(0)]), PLACE)).toBe('altered');
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(bytes, (sealed) => typeof cipher.open(sealed, PLACE) === 'string'));
  });

  it('is another one each time, by its nonce', () => {
    const text = Buffer.from('the same');
    const all = Array.from({ length: 1_000 }, () => cipher.seal(text, PLACE).toString('hex'));
    expect(new Set(all).size).toBe(1_000);
    const nonceAt = (1 + NEW.id.length) * 2;
    expect(new Set(all.map((hex) => hex.slice(nonceAt, nonceAt + 24))).size).toBe(1_000);
  });

  it('does not contain the text', () => {
    expect(cipher.seal(Buffer.from('a secret answer'), PLACE).includes('secret')).toBe(false);
  });
});

describe('rotation', () => {
  const text = Buffer.from('text');
  const [before, during, after] = [new Cipher([OLD]), new Cipher([NEW, OLD]), new Cipher([NEW])];

  it('encrypts with the first key and decrypts with all', () => {
    expect(during.open(before.seal(text, PLACE), PLACE)).toEqual(text);
    expect(after.open(during.seal(text, PLACE), PLACE)).toEqual(text);
    expect(before.open(during.seal(text, PLACE), PLACE)).toBe('unknown-key');
    expect(after.open(before.seal(text, PLACE), PLACE)).toBe('unknown-key');
  });

  it('takes another key under the same name for an alteration', () => {
    expect(new Cipher([newKey(OLD.id)]).open(before.seal(text, PLACE), PLACE)).toBe('altered');
  });
});
