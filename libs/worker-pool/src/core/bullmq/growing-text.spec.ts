import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { LineBuffer } from '../process/line-buffer.js';
import { GrowingText } from './growing-text.js';

/** Lines as an executor's events produce them: no line break, lone surrogates escaped. */
const line = fc.string({ unit: 'binary' }).map((text) => JSON.stringify({ text }));

describe('LineBuffer and GrowingText', () => {
  it('return every line once, whole and in order, however the bytes are divided', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
        (written, sizes) => {
          const text = new GrowingText();
          const lines = new LineBuffer();
          const read: string[] = [];
          let offset = 0;
          let turn = 0;
          const readNext = (): void => {
            const bytes = text.slice(offset, sizes[turn % sizes.length]!);
            turn += 1;
            offset += bytes.length;
            read.push(...lines.take(bytes));
          };
          for (const next of written) {
            text.append(`${next}\n`);
            readNext();
          }
          while (offset < text.length) readNext();
          expect(read).toEqual(written);
        },
      ),
    );
  });

  it('keep bytes that were taken before valid while the text grows', () => {
    const text = new GrowingText();
    text.append('first');
    const first = text.slice(0, 100);
    text.append('x'.repeat(100_000));
    expect(first.toString()).toBe('first');
    expect(text.slice(0, 6).toString()).toBe('firstx');
    expect(text.length).toBe(100_005);
  });
});
