import { describe, expect, it } from '@jest/globals';
import { ConfigService } from '@nestjs/config';
import { TaskIds } from './task-ids.js';

const idsOf = (keys: string): TaskIds => new TaskIds(new ConfigService({ API_KEYS: keys }));

describe('TaskIds', () => {
  it('can be opened by every process with the same keys, for their tenant only', () => {
    const id = idsOf('a').seal('web', 'task');
    expect(idsOf('a').open('web', id)).toBe('task');
    expect(idsOf('a').open('ops', id)).toBeNull();
    expect(idsOf('b').open('web', id)).toBeNull();
  });

  it('preserve a task id with dots', () => {
    const ids = idsOf('a');
    expect(ids.open('web', ids.seal('web', 'a.b.c'))).toBe('a.b.c');
  });

  it.each(['', '.', 'task', 'task.', '.seal', 'task.seal', 'task.é', `task.${'A'.repeat(10_000)}`])(
    'cannot be forged: %#',
    (id) => {
      expect(idsOf('a').open('web', id)).toBeNull();
    },
  );

  it('cannot be transferred to another task', () => {
    const ids = idsOf('a');
    const seal = ids.seal('web', 'one').split('.')[1]!;
    expect(ids.open('web', `two.${seal}`)).toBeNull();
  });
});
