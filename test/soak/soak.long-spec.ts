import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { longRun } from '@test/support/long-run.js';
import { randomFrom } from '@test/support/random.js';
import { MIN_POINTS } from './flatness.js';
import { HttpTraffic } from './http-traffic.js';
import { DATA_LOSSES, FAULTS } from './soak-faults.js';
import { writeReport } from './soak-report.js';
import { sampleRedis, SoakSeries } from './soak-series.js';
import { SoakStage } from './soak-stage.js';

/** From one sample to the next: a fault, if there is one, and the time in which everything recovers. */
const MAX_FAULT_MS = 3_000;
const CALM_MS = 5_000;
/** Part of the run, its first, in which Redis may lose its data. */
const LOSSY_PART = 0.25;
/** Part of the rounds that have no fault. */
const QUIET_PART = 0.2;
/** With traffic stopped: what is due within this time happens before the sample. */
const SETTLE_MS = 1_500;

const { minutes, seed, folder } = longRun({ minutes: 6, seed: 1, folder: 'soak-report' });

class Soak {
  readonly series = new SoakSeries();
  readonly faults: Record<string, number> = {};
  readonly kinds: Record<string, number>[] = [];
  readonly operations: Record<string, number> = {};
  readonly findings = new Set<string>();
  readonly #startedAt = performance.now();
  readonly #random = randomFrom(seed);
  readonly http: HttpTraffic;

  constructor(
    readonly stage: SoakStage,
    gatewayUrl: string,
  ) {
    this.http = new HttpTraffic(gatewayUrl, randomFrom(seed + 1));
  }

  get minute(): number {
    return (performance.now() - this.#startedAt) / 60_000;
  }

  async run(): Promise<void> {
    const traffic = this.http.run();
    while (this.minute < minutes || this.kinds.length < 2 * MIN_POINTS) {
      await this.#disturb();
      await sleep(CALM_MS);
      await this.#sample();
    }
    await this.http.end();
    await traffic;
  }

  async #disturb(): Promise<void> {
    if (this.#random() < QUIET_PART) return;
    const faults = Object.entries(
      this.minute < minutes * LOSSY_PART ? { ...FAULTS, ...DATA_LOSSES } : FAULTS,
    );
    const [name, happen] = faults[Math.floor(this.#random() * faults.length)]!;
    this.faults[name] = (this.faults[name] ?? 0) + 1;
    await happen(this.stage, this.#random() * MAX_FAULT_MS);
  }

  async #sample(): Promise<void> {
    const { subjects, redis } = this.stage;
    const since = performance.now();
    await this.http.pause();
    await sleep(SETTLE_MS);
    const samples = await Promise.all(subjects.map((subject) => subject.sample()));
    const { series, kinds } = await sampleRedis(redis);
    const { minute } = this;
    this.series.add(minute, 'Redis', series);
    this.kinds.push(kinds);
    subjects.forEach(({ name }, index) => {
      const { report, warnings, series: values } = samples[index]!;
      this.series.add(minute, name, values);
      for (const warning of warnings) this.findings.add(`${name} warned: ${warning}`);
      if (report === null) return;
      this.operations[`operations of ${name}`] = report.done;
      this.operations[`refusals that ${name} saw`] = report.refused;
      for (const line of Object.keys(report.unexpected)) this.findings.add(`${name}: ${line}`);
      for (const operation of report.inFlight) this.findings.add(`${name}: ${operation} did not end`);
    });
    this.operations['HTTP requests'] = this.http.done;
    for (const line of Object.keys(this.http.unexpected)) this.findings.add(`gateway: ${line}`);
    for (const subject of subjects) subject.resume();
    this.http.resume();
    const seconds = ((performance.now() - since) / 1_000).toFixed(1);
    process.stdout.write(
      `minute ${minute.toFixed(1)}: ${series['lasting keys']} + ${series['expiring keys']} keys; sampled in ${seconds} s; findings: ${[...this.findings].join('; ') || 'none'}\n`,
    );
  }
}

it(
  'nothing grows in hours of mixed traffic and faults',
  async () => {
    const stage = await SoakStage.start(seed);
    const soak = new Soak(stage, await stage.gatewayUrl);
    const version = /redis_version:(\S+)/.exec(await stage.redis.info('server'))?.[1] ?? 'unknown';
    try {
      await soak.run();
    } finally {
      for (const end of await stage.stop()) soak.findings.add(end);
    }
    const series = soak.series.judged();
    const { kinds, faults, operations } = soak;
    await writeReport(folder, {
      minutes,
      seed,
      redisVersion: version,
      series,
      faults,
      operations,
      kinds: [kinds[0]!, kinds[Math.floor(kinds.length / 2)]!, kinds.at(-1)!],
      findings: [...soak.findings],
    });
    const grown = series
      .filter(({ verdict }) => !verdict.isFlat)
      .map(({ subject, name }) => `${subject}: ${name}`);
    expect({ grown, findings: [...soak.findings] }).toEqual({ grown: [], findings: [] });
  },
  (minutes + 5) * 60_000,
);
