import { describe, expect, it, jest } from '@jest/globals';
import { onAbort } from './on-abort.js';

describe('onAbort', () => {
  it('calls every callback once, in order, with one listener', () => {
    const controller = new AbortController();
    const added = jest.spyOn(controller.signal, 'addEventListener');
    const called: number[] = [];
    for (let index = 0; index < 100; index += 1) onAbort(controller.signal, () => called.push(index));
    expect(added).toHaveBeenCalledTimes(1);
    controller.abort();
    expect(called).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('does not call a callback that was removed before or during the abort', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const remove = onAbort(controller.signal, () => called.push('first'));
    onAbort(controller.signal, () => {
      called.push('second');
      removeThird();
    });
    const removeThird = onAbort(controller.signal, () => called.push('third'));
    remove();
    remove();
    controller.abort();
    expect(called).toEqual(['second']);
  });

  it('removes its listener with the last callback, and adds one again for the next', () => {
    const controller = new AbortController();
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    const remove = [onAbort(controller.signal, () => {}), onAbort(controller.signal, () => {})];
    remove[0]!();
    expect(removed).not.toHaveBeenCalled();
    remove[1]!();
    expect(removed).toHaveBeenCalledTimes(1);
    const callback = jest.fn();
    onAbort(controller.signal, callback);
    remove[1]!();
    controller.abort();
    expect(callback).toHaveBeenCalledTimes(1);
  });
});
