import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { jsonBody, jsonInSteps } from './json-response.js';

describe('the body of a JSON response', () => {
  it('is a text if it is small', () => {
    expect(jsonBody({ a: 'x'.repeat(1_000) })).toBe(JSON.stringify({ a: 'x'.repeat(1_000) }));
  });

  it('is written in steps if it is large, between which other work is done', async () => {
    const value = { completion: 'é"'.repeat(2_000_000), cost: 1 };
    let turns = 0;
    let isWritten = false;
    const count = (): void => {
      turns += 1;
      if (!isWritten) setImmediate(count);
    };
    setImmediate(count);
    const body = await text(jsonInSteps(value));
    isWritten = true;
    expect(body).toBe(JSON.stringify(value));
    expect(typeof jsonBody(value)).toBe('object');
    expect(turns).toBeGreaterThanOrEqual(4);
  });
});
