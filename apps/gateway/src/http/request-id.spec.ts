import { describe, expect, it } from '@jest/globals';
import { requestId } from './request-id.js';

const idOf = (given?: string | string[]): string => requestId({ headers: { 'x-request-id': given } });

describe('requestId', () => {
  it.each(['abc-1', '4673BF90-1ed9', 'trace:1.2_3'])('keeps %s', (given) => {
    expect(idOf(given)).toBe(given);
  });

  it.each([undefined, '', 'two words', 'a\nb', '"quoted"', 'x'.repeat(129)])('replaces %j', (given) => {
    expect(idOf(given)).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(idOf(given)).not.toBe(idOf(given));
  });
});
