import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@test/support/index.js';
import { Pump } from './pump.js';

let pump: Pump | undefined;

afterEach(() => pump?.stop());

describe('Pump', () => {
  it('runs requested work at least 10 ms apart, and never twice at once', async () => {
    const starts: number[] = [];
    let running = 0;
    let mostRunning = 0;
    const finished = new Promise<void>((resolve) => {
      pump = new Pump(async () => {
        starts.push(performance.now());
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        pump?.request();
        // Some runs are shorter than the interval, some longer.
        await sleep(starts.length % 2 === 0 ? 1 : 15);
        running -= 1;
        if (starts.length === 12) resolve();
      });
      for (let request = 0; request < 100; request += 1) pump.request();
    });
    await finished;
    const gaps = starts.slice(1).map((start, index) => start - starts[index]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10);
    expect(mostRunning).toBe(1);
  });

  it('runs once for all requests of one turn, and again for one that comes during a run', async () => {
    const runs: (() => void)[] = [];
    pump = new Pump(() => new Promise((resolve) => void runs.push(resolve)));
    pump.request();
    pump.request();
    await until(() => runs.length > 0, { what: 'the first run' });
    pump.request();
    await sleep(30);
    expect(runs).toHaveLength(1);
    runs[0]?.();
    await until(() => runs.length > 1, { what: 'the second run' });
    runs[1]?.();
    await sleep(30);
    expect(runs).toHaveLength(2);
  });

  it('starts no run after it was stopped', async () => {
    let runs = 0;
    pump = new Pump(async () => void (runs += 1));
    pump.request();
    pump.stop();
    pump.request();
    await sleep(30);
    expect(runs).toBe(0);
  });
});
