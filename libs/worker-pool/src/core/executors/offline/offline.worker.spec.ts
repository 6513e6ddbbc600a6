import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import runSummaryJob from './offline.worker.js';

describe('the sentences of a summary', () => {
  it('add up to its text, whatever the input', () => {
    const parts = fc.constantFrom(
      'Cache. ',
      'redis ',
      '\n',
      '\r\n\t',
      'Wait! ',
      '😀',
      '漢字。',
      '\u0085',
      '\u3000',
    );
    fc.assert(
      fc.property(
        fc.array(parts, { minLength: 1, maxLength: 40 }).map((all) => `x${all.join('')}`),
        fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
        (text, maxTokens) => {
          const summary = runSummaryJob({ text, context: [], maxTokens });
          expect(summary.sentences.join('')).toBe(summary.text);
        },
      ),
    );
  });
});
