import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers';
import { describe, expect, it } from '@jest/globals';
import { digestsInSteps } from './digests-in-steps.js';

const MIB = 1_024 * 1_024;

describe('digestsInSteps', () => {
  it('returns the digests of whole texts', async () => {
    const texts = [
      '',
      'a',
      'é'.repeat(MIB + 1),
      '🦊'.repeat(MIB),
      `x${'🦊'.repeat(MIB)}`,
      '\ud83e'.repeat(MIB + 7),
    ];
    expect(await digestsInSteps(texts)).toEqual(texts.map((text) => hash('sha256', text, 'hex')));
  });

  it('serves others after each megabyte, of one text or of several', async () => {
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await digestsInSteps(['x'.repeat(8 * MIB), ...Array.from({ length: 8 }, () => 'y'.repeat(MIB))]);
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(15);
  });
});
