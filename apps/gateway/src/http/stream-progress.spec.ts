import { describe, expect, it } from '@jest/globals';
import { StreamProgress } from './stream-progress.js';

const started = (): StreamProgress => new StreamProgress(() => 1.23456);

describe('StreamProgress', () => {
  it('is completed if everything was received, and left if the client disconnected before', () => {
    expect(started().end(false)).toMatchObject({ outcome: 'completed', firstEventMs: null, origin: null });
    expect(started().end(true)).toMatchObject({ outcome: 'client_left' });
  });

  it.each([
    ['ERR_STREAM_INTERRUPTED', 'interrupted'],
    ['ERR_TASK_STREAM_INTERRUPTED', 'interrupted'],
    ['ERR_ANTHROPIC_OVERLOADED', 'failed'],
    [undefined, 'failed'],
  ])('that ends with the error %s is %s, also if the client disconnects then', (code, outcome) => {
    const progress = started();
    progress.failed(code);
    for (const aborted of [false, true]) expect(progress.end(aborted)).toMatchObject({ outcome, code });
  });

  it('measures the first event only', () => {
    let now = 1;
    const progress = new StreamProgress(() => (now += 1));
    progress.sent();
    progress.sent();
    expect(progress.end(false).firstEventMs).toBe(2);
  });
});
