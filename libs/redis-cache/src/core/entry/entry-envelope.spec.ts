import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { decodeEntry, encodeEntry, type EntryTimes } from './entry-envelope.js';

const TIMES: EntryTimes = { createdAt: 1_700_000_000_000, expiresAt: 1_700_003_600_000, durationMs: 1_234 };

const encode = (value: unknown, times: EntryTimes = TIMES): Buffer =>
  encodeEntry(JSON.stringify(value), times);

const times = fc.record({
  createdAt: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  expiresAt: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  durationMs: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

describe('an entry', () => {
  it('returns any JSON value and its times', () => {
    fc.assert(
      fc.property(fc.jsonValue(), times, (value, when) => {
        const json = JSON.stringify(value);
        const entry = decodeEntry(encodeEntry(json, when));
        expect(JSON.stringify(entry?.value)).toBe(json);
        expect(entry?.times).toEqual(when);
      }),
      { numRuns: 500 },
    );
  });

  it('returns any text, lone surrogates included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (one, two) => {
        expect(decodeEntry(encode([one, two]))?.value).toEqual([one, two]);
      }),
    );
    expect(decodeEntry(encode('\ud800'))?.value).toBe('\ud800');
  });

  it('never lets a stored __proto__ become a prototype', () => {
    const json = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"a":1}';
    const value = decodeEntry(encodeEntry(json, TIMES))?.value as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect(value['admin']).toBeUndefined();
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
    expect(JSON.stringify(value)).toBe(json);
  });

  it('is no longer readable when it is cut anywhere', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const entry = encode(value);
        for (let length = 0; length < entry.length; length += 1) {
          expect(decodeEntry(entry.subarray(0, length))).toBeNull();
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is not readable even if the rest of the JSON would parse', () => {
    expect(decodeEntry(encode(123_456).subarray(0, -3))).toBeNull();
  });

  it('is not readable with extra bytes at its end', () => {
    expect(decodeEntry(Buffer.concat([encode(1), Buffer.from('2')]))).toBeNull();
    expect(decodeEntry(Buffer.concat([encode('x'), Buffer.from(' ')]))).toBeNull();
  });

  it('is not readable in another version or with unknown flags', () => {
    for (let byte = 4; byte < 256; byte += 1) {
      const [version, flags] = [encode({ a: 1 }), encode({ a: 1 })];
      version[0] = (1 + byte) % 256;
      flags[1] = byte;
      expect(decodeEntry(version)).toBeNull();
      expect(decodeEntry(flags)).toBeNull();
    }
  });

  it('is not readable when its text is no longer UTF-8, though it would still parse', () => {
    const entry = encode('answer');
    entry[entry.length - 2] = 0xff;
    expect(decodeEntry(entry)).toBeNull();
  });

  it('returns its tags and its marks', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.string()),
        fc.boolean(),
        fc.jsonValue(),
        (tags, failure, value) => {
          const entry = encodeEntry(JSON.stringify(value), TIMES, { tags, failure });
          const decoded = decodeEntry(entry);
          expect([decoded?.tags, decoded?.failure ?? false]).toEqual([tags, failure]);
          expect(JSON.stringify(decoded?.value)).toBe(JSON.stringify(value));
          for (let length = 0; length < entry.length; length += 7) {
            expect(decodeEntry(entry.subarray(0, length))).toBeNull();
          }
        },
      ),
    );
  });

  it('is not readable with metadata that is not an object', () => {
    const plain = encode({ a: 1 });
    const entry = Buffer.concat([plain.subarray(0, 26), Buffer.from('null'), plain.subarray(26)]);
    entry.writeUInt32BE(4, 18);
    expect(decodeEntry(entry)).toBeNull();
  });

  it('caps a duration that no entry can express', () => {
    expect(decodeEntry(encode(1, { ...TIMES, durationMs: 1e12 }))?.times?.durationMs).toBe(2 ** 32 - 1);
    expect(decodeEntry(encode(1, { ...TIMES, durationMs: 0.4 }))?.times?.durationMs).toBe(0);
  });

  it('keeps its format, so that entries stay readable across releases', () => {
    expect(encode({ a: 'ü' }).toString('hex')).toBe(
      '0100' +
        '018bcfe56800' +
        '018bd01c5680' +
        '000004d2' +
        '00000000' +
        '0000000a' +
        '7b2261223a22c3bc227d',
    );
  });
});

describe('any bytes', () => {
  it('never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeEntry(Buffer.from(bytes))).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  it('never throw after the header of an entry', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(() => decodeEntry(Buffer.from([1, 0, ...bytes]))).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  it('never throw after a changed byte, and keep their times or are refused', () => {
    const original = encode({ text: 'some text', list: [1, 2, 3] });
    fc.assert(
      fc.property(fc.nat(original.length - 1), fc.nat(255), (at, byte) => {
        const entry = Buffer.from(original);
        entry[at] = byte;
        const decoded = decodeEntry(entry);
        expect(decoded === null || 'value' in decoded).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', ''],
    ['a pickle', '\x80\x04\x95'],
    ['half of an object', '{"answer": "forty'],
    ['another language', "{'answer': 42}"],
    ['two values', '{}{}'],
    ['NaN, which Python writes', 'NaN'],
    ['white space', '  \n'],
  ])('that are %s are not an entry', (_what, text) => {
    expect(decodeEntry(Buffer.from(text, 'latin1'))).toBeNull();
  });

  it('that are JSON but not UTF-8 are not an entry', () => {
    expect(decodeEntry(Buffer.from('{"name":"Jürgen"}', 'latin1'))).toBeNull();
  });
});

describe('plain JSON of another program', () => {
  it('is a value without times', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        const json = JSON.stringify(value, null, indent);
        const entry = decodeEntry(Buffer.from(json));
        expect(entry?.times).toBeNull();
        expect(JSON.stringify(entry?.value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it("is read as Python's json.dumps writes it", () => {
    const text =
      '{"response": "Gr\\u00fc\\u00dfe", "tokens": 12, "cached": false, "cost": 1e-05, "next": null}';
    expect(decodeEntry(Buffer.from(text))).toEqual({
      value: { response: 'Grüße', tokens: 12, cached: false, cost: 0.00001, next: null },
      times: null,
    });
  });
});
