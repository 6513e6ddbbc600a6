import { describe, expect, it } from '@jest/globals';
import { inTime } from './deadline.js';

describe('inTime', () => {
  it('resolves to null for a promise that rejects or takes too long', async () => {
    expect(await inTime(Promise.resolve(5))).toBe(5);
    expect(await inTime(Promise.reject(new Error('away')))).toBeNull();
    expect(await inTime(new Promise(() => {}), 1)).toBeNull();
  });
});
