import { backOffMs } from 'nestjs-redis-connection';
import type { Backend, ClearCursor } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { NearCache } from '../near/near-cache.js';
import type { CacheLogger } from '../util/cache-logger.js';

export interface PendingInvalidationsDependencies {
  backend: Pick<Backend, 'entries' | 'tags'>;
  guard: Guard;
  near: NearCache;
  logger: CacheLogger;
}

/** Limit of each kind; the oldest are dropped first. */
const MAX_PENDING = 10_000;
/** Limit of one command. */
const MAX_KEYS_PER_COMMAND = 500;
const MIN_RETRY_MS = 250;
const MAX_RETRY_MS = 30_000;
const FAILED = Symbol('failed');

/**
 * Invalidations that Redis has not confirmed. They are repeated until it does: at once when it is back, before the
 * late writes, and with a back-off while it replies but refuses.
 */
export class PendingInvalidations {
  /** Keys, by when they were deleted. */
  readonly #keys = new Map<string, number>();
  readonly #tags = new Map<string, number>();
  #clearedAt = 0;
  #moment = 0;
  #attempts = 0;
  #repeating: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasWarned = false;

  constructor(private readonly use: PendingInvalidationsDependencies) {}

  /** Now, in invalidations. */
  get moment(): number {
    return this.#moment;
  }

  addKeys(keys: readonly string[]): void {
    this.#moment += 1;
    for (const key of keys) this.#add(this.#keys, key);
    this.#repeatLater();
  }

  addTags(tags: readonly string[]): void {
    this.#moment += 1;
    for (const tag of tags) this.#add(this.#tags, tag);
    this.#repeatLater();
  }

  /** Everything was invalidated, which includes all keys so far. */
  addAll(): void {
    this.#moment += 1;
    this.#clearedAt = this.#moment;
    this.#keys.clear();
    this.#repeatLater();
  }

  /** Redis has stored a value of the key, of which the writing began at `moment`: an earlier deletion is void. */
  replaced(key: string, moment: number): void {
    if ((this.#keys.get(key) ?? Infinity) <= moment) this.#keys.delete(key);
  }

  /** Repeats what is not confirmed. Returns whether nothing is left. */
  repeat(): Promise<boolean> {
    if (this.#isEmpty) return Promise.resolve(true);
    this.#repeating ??= this.#repeatAll().finally(() => (this.#repeating = undefined));
    return this.#repeating;
  }

  get #isEmpty(): boolean {
    return this.#clearedAt === 0 && this.#keys.size === 0 && this.#tags.size === 0;
  }

  async #repeatAll(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const isDone = (await this.#repeatClear()) && (await this.#repeatTags()) && (await this.#repeatKeys());
    if (isDone) {
      this.use.guard.states.publish('invalidations-confirmed');
      this.#attempts = 0;
      this.#hasWarned = false;
    } else {
      this.#repeatLater();
    }
    return isDone;
  }

  async #repeatClear(): Promise<boolean> {
    const at = this.#clearedAt;
    if (at === 0) return true;
    if (!(await clearPages(this.use))) return false;
    this.use.near.clear();
    if (this.#clearedAt === at) this.#clearedAt = 0;
    return true;
  }

  #repeatTags(): Promise<boolean> {
    const { backend, near } = this.use;
    return this.#repeatChunks(
      this.#tags,
      (tags) => backend.tags.invalidate(tags),
      (tags) => near.deleteTagged(tags),
    );
  }

  #repeatKeys(): Promise<boolean> {
    const { backend, near } = this.use;
    return this.#repeatChunks(
      this.#keys,
      (keys) => backend.entries.delete(keys),
      (keys) => keys.forEach((key) => near.delete(key)),
    );
  }

  async #repeatChunks(
    pending: Map<string, number>,
    send: (names: string[]) => Promise<unknown>,
    forget: (names: string[]) => void,
  ): Promise<boolean> {
    while (pending.size > 0) {
      const chunk = [...pending].slice(0, MAX_KEYS_PER_COMMAND);
      const names = chunk.map(([name]) => name);
      if (!(await this.use.guard.runWrite(() => send(names).then(() => true), false))) return false;
      forget(names);
      for (const [name, at] of chunk) if (pending.get(name) === at) pending.delete(name);
    }
    return true;
  }

  #add(pending: Map<string, number>, name: string): void {
    pending.delete(name);
    pending.set(name, this.#moment);
    if (pending.size <= MAX_PENDING) return;
    pending.delete(pending.keys().next().value!);
    if (!this.#hasWarned) {
      this.use.logger.warn(
        `More than ${MAX_PENDING} invalidations are not confirmed; the oldest are not repeated`,
      );
    }
    this.#hasWarned = true;
  }

  // While Redis is unavailable nothing is tried: its return is noticed.
  #repeatLater(): void {
    if (!this.use.guard.serving || this.#timer !== undefined) return;
    this.#attempts += 1;
    const pauseMs = backOffMs(this.#attempts, MIN_RETRY_MS, MAX_RETRY_MS);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.repeat();
    }, pauseMs).unref();
  }
}

/** Clears page by page, each under its own deadline. `false` as soon as one is not confirmed. */
export async function clearPages({
  backend,
  guard,
}: Pick<PendingInvalidationsDependencies, 'backend' | 'guard'>): Promise<boolean> {
  let cursor: ClearCursor | null = null;
  do {
    const from: ClearCursor | null = cursor;
    const next: ClearCursor | null | typeof FAILED = await guard.run(
      () => backend.entries.clearPage(from),
      FAILED,
    );
    if (next === FAILED) return false;
    cursor = next;
  } while (cursor !== null);
  return true;
}
