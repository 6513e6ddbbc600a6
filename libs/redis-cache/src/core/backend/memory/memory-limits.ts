import { LRUCache } from 'lru-cache';
import type { CallLimit, LimitCount } from '../backend.js';

/** Above this number of counts, the least recently used ones are dropped, which allows those calls again. */
const MAX_LIMITS = 100_000;

interface State {
  count: number;
  blocked: boolean;
  /** End of the window, or of the block. */
  until: number;
}

/** Counts calls against limits in this process. */
export class MemoryLimits {
  readonly #states = new LRUCache<string, State>({ max: MAX_LIMITS });

  constructor(private readonly now: () => number) {}

  /** Counts one call; see `CounterStore.countLimited`. */
  count(name: string, { limit, windowMs, blockMs }: CallLimit): LimitCount {
    const now = this.now();
    const state = this.#current(name, now, windowMs);
    if (!state.blocked) state.count += 1;
    if (!state.blocked && state.count > limit) {
      state.blocked = true;
      if (blockMs > 0) state.until = now + blockMs;
    }
    return { count: state.count, resetMs: Math.ceil(state.until - now), blocked: state.blocked };
  }

  #current(name: string, now: number, windowMs: number): State {
    const known = this.#states.get(name);
    if (known && known.until > now) return known;
    const begun: State = { count: 0, blocked: false, until: now + windowMs };
    this.#states.set(name, begun);
    return begun;
  }
}
