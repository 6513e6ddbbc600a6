import type { Redis } from 'ioredis';
import { judge, type Limit, type Point, type Verdict } from './flatness.js';

const MB = 1024 * 1024;
/** Keys that expire later, or never, could become ever more; others cannot. */
const LASTING_MS = 600_000;
const count = (absolute: number, ratio = 0): Limit => ({ absolute, ratio });

/** Growth that is allowed over the judged phase, by the name of the series. */
const LIMITS: Readonly<Record<string, Limit>> = {
  'heap used (bytes)': { absolute: 0.5 * MB, ratio: 0.02 },
  'external memory (bytes)': { absolute: MB, ratio: 0.05 },
  'resident memory (bytes)': { absolute: 10 * MB, ratio: 0.05 },
  'file descriptors': count(2),
  'active handles': count(2),
  'active resources': count(2),
  timers: count(5, 0.05),
  listeners: count(5, 0.05),
  // As many as the traffic of the last minutes made.
  'expiring keys': count(100, 0.5),
  'lasting keys': count(2),
  'used memory (bytes)': { absolute: 0.3 * MB, ratio: 0.05 },
  clients: count(2),
};

/** A series of one process, and whether it is flat. */
export interface JudgedSeries {
  subject: string;
  name: string;
  points: readonly Point[];
  verdict: Verdict;
}

/** All samples of a soak, as one series per process and measure. */
export class SoakSeries {
  readonly #series = new Map<string, { subject: string; name: string; points: Point[] }>();

  add(minute: number, subject: string, values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      const id = `${subject} ${name}`;
      const series = this.#series.get(id) ?? { subject, name, points: [] };
      series.points.push({ minute, value });
      this.#series.set(id, series);
    }
  }

  /**
   * Judges the second half of each series: the first is the warm-up, in which code is compiled, caches fill, and what
   * expires after minutes reaches its level.
   */
  judged(): JudgedSeries[] {
    return [...this.#series.values()].map(({ subject, name, points }) => {
      const limit = LIMITS[name];
      if (limit === undefined) throw new Error(`The series ${name} has no limit; add it to LIMITS`);
      const half = points.slice(Math.floor(points.length / 2));
      return { subject, name, points, verdict: judge(half, limit) };
    });
  }
}

export interface RedisSample {
  series: Record<string, number>;
  /** How many keys there are of each kind; ids and numbers are replaced by `*`. */
  kinds: Record<string, number>;
}

export async function sampleRedis(redis: Redis): Promise<RedisSample> {
  const keys: string[] = [];
  for await (const page of redis.scanStream({ count: 1_000 })) keys.push(...(page as string[]));
  const kinds: Record<string, number> = {};
  for (const key of keys) kinds[kindOf(key)] = (kinds[kindOf(key)] ?? 0) + 1;
  const expiries = await Promise.all(keys.map((key) => redis.pttl(key)));
  const lasting = expiries.filter((ms) => ms === -1 || ms > LASTING_MS).length;
  const [memory, clients] = await Promise.all([redis.info('memory'), redis.info('clients')]);
  const series = {
    'lasting keys': lasting,
    'expiring keys': keys.length - lasting,
    'used memory (bytes)': Number(/used_memory:(\d+)/.exec(memory)?.[1]),
    clients: Number(/connected_clients:(\d+)/.exec(clients)?.[1]),
  };
  return { series, kinds };
}

function kindOf(key: string): string {
  return key.replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|[\da-f]{32,}/g, '*').replaceAll(/\d+/g, '*');
}
