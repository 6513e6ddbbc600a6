import { describe, expect, it } from '@jest/globals';
import { array, assert, constant, nat, oneof, property, record } from '@test/support/chance.js';
import { Fifo } from './priority-queue.js';

describe('Fifo', () => {
  it('behaves like a plain list under any sequence of pushes, shifts and removals', () => {
    const step = oneof(
      record({ kind: constant('push' as const) }),
      record({ kind: constant('shift' as const) }),
      record({ kind: constant('remove' as const), pick: nat(12) }),
    );
    assert(
      property(array(step, { maxLength: 200 }), (steps) => {
        const line = new Fifo<number>();
        let model: number[] = [];
        for (const [item, action] of steps.entries()) {
          if (action.kind === 'push') {
            line.push(item);
            model.push(item);
          } else if (action.kind === 'shift') {
            expect(line.shift()).toBe(model.shift());
          } else {
            const victim = model[action.pick] ?? -1;
            expect(line.remove(victim)).toBe(model.includes(victim));
            model = model.filter((other) => other !== victim);
          }
          expect(line.size).toBe(model.length);
        }
      }),
    );
  });

  it('is empty at first and again after the last item', () => {
    const line = new Fifo<string>();
    expect(line.shift()).toBeUndefined();
    line.push('only');
    expect([line.shift(), line.shift(), line.size]).toEqual(['only', undefined, 0]);
  });
});
