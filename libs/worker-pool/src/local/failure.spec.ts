import { describe, expect, it } from '@jest/globals';
import { framesOf } from './failure.js';

describe('framesOf', () => {
  it('keeps the frames and drops the message, however many lines it has', () => {
    const frames = framesOf(new Error('first line\n    at the prompt (second line)'));
    expect(frames).toMatch(/^at /);
    expect(frames).not.toContain('prompt');
  });

  it('is empty when message and stack cannot be told apart', () => {
    const changed = new Error('the prompt');
    expect(changed.stack).toContain('the prompt');
    changed.message = 'something else';
    expect(framesOf(changed)).toBe('');
    expect(framesOf('a text')).toBe('');
    expect(framesOf(undefined)).toBe('');
  });
});
