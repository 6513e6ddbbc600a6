import { describe, expect, it } from '@jest/globals';
import { describeReason } from './describe-failure.js';

describe('describeReason', () => {
  it.each(['MOVED', 'ASK'])('names no slot and no address of a redirection (%s)', (reply) => {
    const error = new Error(
      `Too many Cluster redirections. Last error: ReplyError: ${reply} 3999 10.0.0.1:6381`,
    );
    expect(describeReason(error)).toBe(`Too many Cluster redirections. Last error: ReplyError: ${reply}`);
  });

  it('contains no arguments of an unknown command', () => {
    const error = new Error("ERR unknown command 'XADD', with args beginning with: 'secret'");
    expect(describeReason(error)).toBe("ERR unknown command 'XADD'");
  });
});
