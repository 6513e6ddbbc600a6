import { describe, expect, it } from '@jest/globals';
import { InvalidCallOptionError } from '../core/errors/errors.js';
import { FakeClock } from './fake-clock.js';

describe('FakeClock', () => {
  it('begins at a fixed time and stands still', () => {
    const clock = new FakeClock();
    expect(new Date(clock.now()).toISOString()).toBe('2026-01-01T00:00:00.000Z');
    expect(clock.now()).toBe(new FakeClock().now());
  });

  it('moves forward by the given time', () => {
    const clock = new FakeClock();
    const { now } = clock;
    const before = now();
    clock.advance(1_500);
    clock.advance(0);
    expect(now() - before).toBe(1_500);
  });

  it.each([-1, Number.NaN, Infinity, '5' as never])('refuses to advance by %p', (ms) => {
    const clock = new FakeClock();
    expect(() => clock.advance(ms)).toThrow(InvalidCallOptionError);
    expect(() => clock.advance(ms)).toThrow(/^ms must be/);
    expect(clock.now()).toBe(new FakeClock().now());
  });
});
