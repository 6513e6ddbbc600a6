import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { withoutArguments } from './wrapped-failure.js';

const failed = (name: string): Error =>
  Object.assign(new Error(`${name} failed`), { command: { name, args: ['private'] } });

describe('withoutArguments', () => {
  it('keeps the error and the name of its command', () => {
    const error = failed('set');
    expect(withoutArguments(error)).toBe(error);
    expect(error).toMatchObject({ message: 'set failed', command: { name: 'set', args: [] } });
  });

  it.each([
    ['errors', [failed('get')]],
    ['previousErrors', [failed('get'), failed('set')]],
    ['lastNodeError', failed('get')],
  ])('reaches those inside %s', (name, inside) => {
    const error = Object.assign(new Error('wrapped'), { [name]: inside });
    expect(inspect(withoutArguments(error), { depth: 10 })).not.toContain('private');
  });

  it.each([undefined, null, 'text', new Error('without a command')])('leaves %p as it is', (error) => {
    expect(withoutArguments(error)).toBe(error);
  });
});
