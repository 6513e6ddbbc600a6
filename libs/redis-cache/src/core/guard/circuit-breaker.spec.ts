import { beforeEach, describe, expect, it } from '@jest/globals';
import { CircuitBreaker } from './circuit-breaker.js';

const MIN_DELAY_MS = 50;
const MAX_DELAY_MS = 500;

describe('CircuitBreaker', () => {
  let now: number;
  let random: number;
  let breaker: CircuitBreaker;

  beforeEach(() => {
    now = 1_000;
    random = 0;
    breaker = new CircuitBreaker({
      minDelayMs: MIN_DELAY_MS,
      maxDelayMs: MAX_DELAY_MS,
      now: () => now,
      random: () => random,
    });
  });

  const failProbes = (count: number): void => {
    for (let probe = 0; probe < count; probe += 1) {
      breaker.beginProbe();
      breaker.probeFailed();
    }
  };

  it('begins closed', () => {
    expect(breaker.state).toBe('closed');
    expect(breaker.since).toBe(1_000);
  });

  it('opens once, and says so only the first time', () => {
    expect(breaker.open()).toBe(true);
    expect(breaker.open()).toBe(false);
    expect(breaker.state).toBe('open');
  });

  it('lets exactly one probe through', () => {
    breaker.open();
    expect([breaker.beginProbe(), breaker.beginProbe(), breaker.beginProbe()]).toEqual([true, false, false]);
    expect(breaker.state).toBe('half-open');
  });

  it('needs no probe while closed', () => {
    expect(breaker.beginProbe()).toBe(false);
    expect(breaker.state).toBe('closed');
  });

  it('cannot be opened again while half-open, so that an outage stays one outage', () => {
    breaker.open();
    breaker.beginProbe();
    expect(breaker.open()).toBe(false);
    expect(breaker.state).toBe('half-open');
  });

  it('is open again after a failed probe, and lets the next one through', () => {
    breaker.open();
    breaker.beginProbe();
    breaker.probeFailed();
    expect(breaker.state).toBe('open');
    expect(breaker.beginProbe()).toBe(true);
  });

  it.each(['closed', 'open'] as const)('takes no failed probe into account while %s', (state) => {
    if (state === 'open') breaker.open();
    breaker.probeFailed();
    expect(breaker.state).toBe(state);
    expect(breaker.nextDelayMs()).toBe(MIN_DELAY_MS / 2);
  });

  it('closes after a successful probe and reports how long it was open, failed probes included', () => {
    breaker.open();
    now += 2_000;
    failProbes(3);
    now += 500;
    breaker.beginProbe();
    expect(breaker.close()).toBe(2_500);
    expect(breaker.state).toBe('closed');
  });

  it('dates only the changes between closed and not closed', () => {
    now = 2_000;
    breaker.open();
    now = 3_000;
    breaker.beginProbe();
    breaker.probeFailed();
    expect(breaker.since).toBe(2_000);
    now = 4_000;
    breaker.beginProbe();
    breaker.close();
    expect(breaker.since).toBe(4_000);
  });

  it('doubles the delay with each failed probe, up to the longest', () => {
    random = 1;
    breaker.open();
    const delays = Array.from({ length: 7 }, () => {
      const delay = breaker.nextDelayMs();
      failProbes(1);
      return delay;
    });
    expect(delays).toEqual([50, 100, 200, 400, 500, 500, 500]);
  });

  it('still waits no longer than the longest delay after a day of failed probes', () => {
    random = 1;
    breaker.open();
    failProbes(200_000);
    expect(breaker.nextDelayMs()).toBe(MAX_DELAY_MS);
  });

  it('draws each delay from the upper half of its range', () => {
    breaker.open();
    failProbes(2);
    random = 0;
    expect(breaker.nextDelayMs()).toBe(100);
    random = 0.5;
    expect(breaker.nextDelayMs()).toBe(150);
    random = 0.999;
    expect(breaker.nextDelayMs()).toBeLessThan(200);
  });

  it('jitters by itself when no source of chance is given', () => {
    const real = new CircuitBreaker({ minDelayMs: MIN_DELAY_MS, maxDelayMs: MAX_DELAY_MS });
    const delays = new Set(Array.from({ length: 50 }, () => real.nextDelayMs()));
    expect(delays.size).toBeGreaterThan(10);
    for (const delay of delays) {
      expect(delay).toBeGreaterThanOrEqual(MIN_DELAY_MS / 2);
      expect(delay).toBeLessThan(MIN_DELAY_MS);
    }
  });

  it('begins a new outage with the shortest delay', () => {
    breaker.open();
    failProbes(5);
    breaker.beginProbe();
    breaker.close();
    breaker.open();
    expect(breaker.nextDelayMs()).toBe(MIN_DELAY_MS / 2);
  });
});
