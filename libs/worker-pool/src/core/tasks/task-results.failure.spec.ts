import { describe, expect, it } from '@jest/globals';
import { ExecutorError } from '../contract/errors.js';
import { describeFailure, framesOf } from './task-results.js';

describe('describeFailure', () => {
  it('includes the failure of the service behind the executor', () => {
    const upstream = { status: 429, type: 'rate_limit_error', retryAfterMs: 2_000 };
    expect(describeFailure('any', new ExecutorError('too fast', { upstream }))).toEqual({
      code: 'ERR_EXECUTOR_FAILED',
      message: 'too fast',
      upstream,
    });
    expect(describeFailure('any', new ExecutorError('broken'))).not.toHaveProperty('upstream');
  });
});

describe('framesOf', () => {
  it('keeps the frames and removes a message of any number of lines', () => {
    const frames = framesOf(new Error('first line\n    at the prompt (second line)'));
    expect(frames).toMatch(/^at /);
    expect(frames).not.toContain('prompt');
  });

  it('is empty when message and stack cannot be separated', () => {
    const changed = new Error('the prompt');
    expect(changed.stack).toContain('the prompt');
    changed.message = 'something else';
    expect(framesOf(changed)).toBe('');
    expect(framesOf('a text')).toBe('');
    expect(framesOf(undefined)).toBe('');
  });
});
