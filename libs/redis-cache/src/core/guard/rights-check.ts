import { failureCode } from 'nestjs-redis-connection';
import type { Backend } from '../backend/backend.js';

/**
 * What the server refuses to this user for want of a right.
 * - `everything`: a PING, a read and a write
 * - `writes`: a write of our own
 * - `little`: neither; a right for other commands may be missing
 */
export type Refused = 'everything' | 'writes' | 'little';

/** At most one check within this time, however many commands are refused. */
const PAUSE_MS = 1_000;
/** Only read, and only to see whether the user may read. */
const PROBE_KEY = 'probe';

type Reach = Pick<Backend, 'ping' | 'pingWrite' | 'entries'>;

/** Finds out, after a command was refused for want of a right, what this user may still do. */
export class RightsCheck {
  #checkedAt = -Infinity;

  constructor(private readonly backend: Reach) {}

  /** Whether the last check was long enough ago. */
  get isDue(): boolean {
    return performance.now() - this.#checkedAt >= PAUSE_MS;
  }

  /** Never rejects. */
  async check(): Promise<Refused> {
    this.#checkedAt = performance.now();
    const { backend } = this;
    const isWriteRefused = await isRefused(backend.pingWrite());
    if (!isWriteRefused) return 'little';
    return (await isRefused(this.reach())) ? 'everything' : 'writes';
  }

  /**
   * Resolves if the server serves this user anything, which need not be PING. Rejects with the error of the connection,
   * or with that of the last attempt if all of them are refused for want of a right.
   */
  async reach(): Promise<void> {
    const { backend } = this;
    for (const attempt of [() => backend.ping(), () => backend.entries.get(PROBE_KEY)]) {
      const error = await failureOf(attempt());
      if (error === undefined) return;
      if (!isMissingRight(error)) throw error;
    }
    await backend.pingWrite();
  }
}

const isMissingRight = (error: unknown): boolean => failureCode(error) === 'NOPERM';

async function isRefused(attempt: Promise<unknown>): Promise<boolean> {
  const error = await failureOf(attempt);
  return error !== undefined && isMissingRight(error);
}

async function failureOf(attempt: Promise<unknown>): Promise<Error | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
