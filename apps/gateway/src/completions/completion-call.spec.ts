import { describe, expect, it } from '@jest/globals';
import { prefersAsync } from './completion-call.js';

describe('prefersAsync', () => {
  it.each([
    'respond-async',
    'Respond-Async',
    'return=minimal, respond-async',
    'respond-async, wait=10',
    'wait=10;x="a,b", respond-async;priority=5',
  ])('understands %j', (header) => {
    expect(prefersAsync(header)).toBe(true);
  });

  it.each([undefined, '', 'wait=10', 'respond-asynchronously', 'x="respond-async"', ',,;=', 'é'])(
    'finds nothing of it in %j',
    (header) => {
      expect(prefersAsync(header)).toBe(false);
    },
  );
});
