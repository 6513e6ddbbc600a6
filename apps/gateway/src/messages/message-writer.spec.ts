import { describe, expect, it } from '@jest/globals';
import type { Completion } from 'nestjs-worker-pool';
import { JSON_BODY } from './message-formats.js';

const completion: Completion = {
  completion: 'msg_id',
  usage: { input_tokens: 1, output_tokens: 2 },
  cost: 0,
  model: 'msg_id',
  stopReason: 'end_turn',
  content: [{ type: 'text', text: 'msg_id' }],
};

describe('a message', () => {
  it('has an id of its own each time, and nothing else that changes', () => {
    const [one, two] = [JSON_BODY.write(completion), JSON_BODY.write(completion)].map(
      (text) => JSON.parse(text) as { id: string },
    );
    expect(one?.id).toMatch(/^msg_[0-9a-f]{24}$/);
    expect(two).toEqual({ ...one, id: expect.not.stringMatching(one!.id) });
    expect(one).toMatchObject({
      model: 'msg_id',
      content: [{ type: 'text', text: 'msg_id', citations: null }],
    });
  });

  it('is made of text alone where another program stored no more', () => {
    const foreign = {
      completion: 'text',
      usage: { input_tokens: 1, output_tokens: 2 },
      cost: 0,
    } as Completion;
    expect(JSON.parse(JSON_BODY.write(foreign))).toMatchObject({
      model: '',
      content: [{ type: 'text', text: 'text' }],
      stop_reason: 'end_turn',
    });
  });
});
