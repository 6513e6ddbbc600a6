import { describe, expect, it } from '@jest/globals';
import { array, assert, constant, nat, oneof, property, record } from '@test/support/chance.js';
import { PriorityQueue } from './priority-queue.js';

interface Item {
  id: number;
  priority: number;
}

describe('PriorityQueue', () => {
  it('behaves like a list that is sorted by priority and age under any pushes, shifts and removals', () => {
    const step = oneof(
      record({ kind: constant('push' as const), priority: nat(4) }),
      record({ kind: constant('shift' as const) }),
      record({ kind: constant('remove' as const), pick: nat(12) }),
    );
    assert(
      property(array(step, { maxLength: 200 }), (steps) => {
        const line = new PriorityQueue<Item>();
        let model: Item[] = [];
        for (const [id, action] of steps.entries()) {
          if (action.kind === 'push') {
            const item = { id, priority: action.priority };
            line.push(item);
            model = [...model, item].toSorted((a, b) => a.priority - b.priority || a.id - b.id);
          } else if (action.kind === 'shift') {
            expect(line.shift()).toBe(model.shift());
          } else {
            const victim = model[action.pick] ?? { id: -1, priority: 0 };
            expect(line.remove(victim)).toBe(model.includes(victim));
            model = model.filter((other) => other !== victim);
          }
          expect(line.size).toBe(model.length);
          const fronts = model.filter(
            ({ id: own, priority }) => !model.some((other) => other.priority === priority && other.id < own),
          );
          expect(line.fronts().toSorted((a, b) => a.priority - b.priority)).toEqual(fronts);
        }
      }),
    );
  });
});
