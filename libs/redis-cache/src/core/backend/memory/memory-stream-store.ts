import {
  isLastRecord,
  type StreamAppend,
  type StreamAppended,
  type StreamReading,
  type StreamRecord,
  type StreamStore,
} from '../stream-store.js';
import type { MemoryLeaseStore } from './memory-lease-store.js';

interface Log {
  records: (StreamRecord & { number: number })[];
  /** Number of the latest record. */
  last: number;
  until: number;
}

/** How often expired logs are searched for, in milliseconds. */
const SWEEP_MS = 1_000;

/** Logs in this process, with the same results as those in Redis. Each method is one step, like a script in Redis. */
export class MemoryStreamStore implements StreamStore {
  readonly #logs = new Map<string, Log>();
  /** Until when each log is watched. */
  readonly #watches = new Map<string, number>();
  #sweepAt = 0;

  constructor(
    private readonly leases: Pick<MemoryLeaseStore, 'extend'>,
    private readonly now: () => number,
    private readonly announce: (key: string) => void,
  ) {}

  /** Logs and watches that have not expired. */
  get size(): number {
    this.#sweep();
    return this.#logs.size + this.#watches.size;
  }

  async append(key: string, token: string, append: StreamAppend): Promise<StreamAppended> {
    const { records, leaseMs, expireMs, first, keepFrom } = append;
    if (this.now() >= this.#sweepAt) this.#sweep();
    const id = idOf(key, token);
    const found = this.#find(id);
    const held = this.leases.extend(key, token, leaseMs);
    if (found === undefined && !held) return 'lost';
    const log = found ?? { records: [], last: 0, until: 0 };
    if (first > log.last + 1) {
      this.#logs.delete(id);
      return 'lost';
    }
    this.#logs.set(id, log);
    addTo(log, first, records);
    log.records = log.records.filter(({ number }) => number >= keepFrom);
    log.until = this.now() + expireMs;
    return this.#announced(key, id, records);
  }

  async read(key: string, token: string, after: number, watchMs: number): Promise<StreamReading> {
    const id = idOf(key, token);
    const log = this.#find(id);
    const records = log?.records.filter(({ number }) => number > after) ?? [];
    const last = records.at(-1);
    if (last === undefined || !isLastRecord(last)) this.#watches.set(id, this.now() + watchMs);
    return { exists: log !== undefined, more: false, records };
  }

  #announced(key: string, id: string, records: readonly StreamRecord[]): StreamAppended {
    const watched = (this.#watches.get(id) ?? 0) > this.now();
    if (watched && records.length > 0) this.announce(key);
    if (records.length > 0 && isLastRecord(records.at(-1)!)) this.#watches.delete(id);
    return watched ? 'watched' : 'unwatched';
  }

  #find(id: string): Log | undefined {
    const log = this.#logs.get(id);
    if (log === undefined || log.until > this.now()) return log;
    this.#logs.delete(id);
    return undefined;
  }

  #sweep(): void {
    const now = this.now();
    this.#sweepAt = now + SWEEP_MS;
    for (const [id, { until }] of this.#logs) if (until <= now) this.#logs.delete(id);
    for (const [id, until] of this.#watches) if (until <= now) this.#watches.delete(id);
  }
}

function addTo(log: Log, first: number, records: readonly StreamRecord[]): void {
  for (const [index, { kind, text }] of records.entries()) {
    const number = first + index;
    if (number <= log.last) continue;
    log.records.push({ number, kind, text });
    log.last = number;
  }
}

// Tokens have one length, so that no two pairs give the same id.
function idOf(key: string, token: string): string {
  return `${token}:${key}`;
}
