import { setTimeout as sleep } from 'node:timers/promises';
import { Executor, ExecutorError } from 'nestjs-worker-pool';

/** Takes as many milliseconds as the prompt begins with, emits up to `max_tokens` events, and sometimes fails. */
export class SoakExecutor extends Executor {
  name = 'soak';
  validate() {}
  resolveModel = () => 'soak-1';

  async execute({ prompt, max_tokens: events = 1 }, { signal, emit }) {
    for (let index = 0; index < events; index += 1) {
      await sleep(Number.parseInt(prompt, 10) / events, undefined, { signal });
      emit?.({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: prompt } });
    }
    if (prompt.endsWith('7')) throw new ExecutorError('the executor failed');
    return {
      completion: prompt,
      usage: { input_tokens: 1, output_tokens: events },
      cost: 0,
      model: 'soak-1',
      stopReason: 'end_turn',
      content: [],
    };
  }
}
