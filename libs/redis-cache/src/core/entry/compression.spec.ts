import { deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { decompress } from './compression.js';
import { openEntry } from './entry-envelope.js';
import { EntryPacker } from './compression.js';

const TIMES = { createdAt: 1, expiresAt: 2, durationMs: 0 };
const MAX_BYTES = 1_000_000;

describe('a packed entry', () => {
  it('returns any JSON value, compressed or not', async () => {
    const packer = new EntryPacker(10);
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const json = JSON.stringify(value);
        const entry = openEntry(await packer.pack(json, TIMES))!;
        const body = entry.compressed ? await decompress(entry.body, MAX_BYTES) : entry.body;
        expect(body?.toString()).toBe(json);
      }),
    );
  });

  it('is compressed only above the limit, counted in bytes', async () => {
    const packer = new EntryPacker(100);
    const isCompressed = async (text: string): Promise<boolean | undefined> =>
      openEntry(await packer.pack(JSON.stringify(text), TIMES))?.compressed;
    expect(await isCompressed('x'.repeat(98))).toBeUndefined();
    expect(await isCompressed('x'.repeat(99))).toBe(true);
    expect(await isCompressed('é'.repeat(50))).toBe(true);
  });

  it('is left uncompressed if compressing would make it larger', async () => {
    const noise = '"qZ8#kP2!vX"';
    expect(openEntry(await new EntryPacker(1).pack(noise, TIMES))?.compressed).toBeUndefined();
  });

  it('is never compressed by default', () => {
    expect(new EntryPacker(Infinity).pack(JSON.stringify('x'.repeat(1e6)), TIMES)).toBeInstanceOf(Buffer);
  });
});

describe('decompressing', () => {
  it('never throws, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        const result = await decompress(Buffer.from(bytes), MAX_BYTES);
        expect(result === null || Buffer.isBuffer(result)).toBe(true);
      }),
    );
  });

  it('gives up on a bomb', async () => {
    const bomb = deflateSync(Buffer.alloc(50 * MAX_BYTES));
    expect(bomb.byteLength).toBeLessThan(MAX_BYTES / 10);
    expect(await decompress(bomb, MAX_BYTES)).toBeNull();
  });
});
