import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Deferred, deferred } from '@test/fixtures/redis-cache/deferred.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { RecoveryProbe } from './recovery-probe.js';

const MIN_DELAY_MS = 50;
const STALL_MS = 5_000;

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('RecoveryProbe', () => {
  let pings: Deferred<unknown>[];
  let reconnects: number;
  let recoveries: number;
  let breaker: CircuitBreaker;
  let probe: RecoveryProbe;

  beforeEach(() => {
    jest.useFakeTimers();
    pings = [];
    reconnects = 0;
    recoveries = 0;
    breaker = new CircuitBreaker({ minDelayMs: MIN_DELAY_MS, maxDelayMs: 500, random: () => 1 });
    probe = new RecoveryProbe({
      breaker,
      ping: () => (pings[pings.length] = deferred<unknown>()).promise,
      reconnect: () => (reconnects += 1),
      stallMs: STALL_MS,
      onRecovered: () => {
        recoveries += 1;
        breaker.close();
      },
    });
    breaker.open();
  });

  afterEach(() => {
    probe.stop();
    jest.useRealTimers();
  });

  it('ends the outage with the reply of its own ping', async () => {
    probe.probe();
    expect(breaker.state).toBe('half-open');
    pings[0]!.resolve('PONG');
    await pass(0);
    expect(recoveries).toBe(1);
    expect(breaker.state).toBe('closed');
  });

  it('stays pending for as long as a frozen server needs, and sends no second ping meanwhile', async () => {
    probe.probe();
    await pass(STALL_MS - 1);
    expect(pings).toHaveLength(1);
    expect(reconnects).toBe(0);
    pings[0]!.resolve('PONG');
    await pass(0);
    expect(recoveries).toBe(1);
  });

  it('replaces a connection without any reply, once', async () => {
    probe.probe();
    await pass(STALL_MS);
    expect(reconnects).toBe(1);
    await pass(10 * STALL_MS);
    expect(reconnects).toBe(1);
  });

  it('tries again with growing delays after error replies', async () => {
    probe.probe();
    for (const delay of [100, 200, 400, 500, 500]) {
      pings.at(-1)!.reject(new Error('LOADING'));
      await pass(delay - 1);
      const before = pings.length;
      await pass(1);
      expect(pings).toHaveLength(before + 1);
    }
    expect(recoveries).toBe(0);
  });

  it('waits for the first delay when told to probe later', async () => {
    probe.probeLater();
    await pass(MIN_DELAY_MS - 1);
    expect(pings).toHaveLength(0);
    await pass(1);
    expect(pings).toHaveLength(1);
  });

  it.each(['resolve', 'reject'] as const)(
    'takes no %s of a ping of an earlier connection',
    async (outcome) => {
      probe.probe();
      probe.probe();
      pings[0]![outcome](new Error('of the connection before'));
      await pass(1_000);
      expect(recoveries).toBe(0);
      expect(pings).toHaveLength(2);
      expect(breaker.state).toBe('half-open');
    },
  );

  it('forgets a waiting probe when it probes now', async () => {
    probe.probeLater();
    probe.probe();
    await pass(1_000);
    expect(pings).toHaveLength(1);
  });

  it('does nothing after it is stopped', async () => {
    probe.probe();
    probe.stop();
    expect(breaker.state).toBe('open');
    pings[0]!.resolve('PONG');
    await pass(10 * STALL_MS);
    expect([recoveries, reconnects, pings.length]).toEqual([0, 0, 1]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind after the recovery', async () => {
    probe.probe();
    pings[0]!.resolve('PONG');
    await pass(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('sends no ping while the breaker is closed', () => {
    breaker.close();
    probe.probe();
    expect(pings).toHaveLength(0);
  });
});
