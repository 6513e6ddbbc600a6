import { describe, expect, it, jest } from '@jest/globals';
import { onAbort } from './on-abort.js';

describe('onAbort', () => {
  it('calls everybody back once, in order, with one listener', () => {
    const controller = new AbortController();
    const added = jest.spyOn(controller.signal, 'addEventListener');
    const called: number[] = [];
    for (let index = 0; index < 100; index += 1) onAbort(controller.signal, () => called.push(index));
    expect(added).toHaveBeenCalledTimes(1);
    controller.abort();
    expect(called).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('does not call back who took the wish back, before or during the abort', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const takeBack = onAbort(controller.signal, () => called.push('first'));
    onAbort(controller.signal, () => {
      called.push('second');
      takeBackThird();
    });
    const takeBackThird = onAbort(controller.signal, () => called.push('third'));
    takeBack();
    takeBack();
    controller.abort();
    expect(called).toEqual(['second']);
  });

  it('leaves no listener once nobody waits any more, and begins anew for the next', () => {
    const controller = new AbortController();
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    const takeBack = [onAbort(controller.signal, () => {}), onAbort(controller.signal, () => {})];
    takeBack[0]!();
    expect(removed).not.toHaveBeenCalled();
    takeBack[1]!();
    expect(removed).toHaveBeenCalledTimes(1);
    const callback = jest.fn();
    onAbort(controller.signal, callback);
    takeBack[1]!();
    controller.abort();
    expect(callback).toHaveBeenCalledTimes(1);
  });
});
