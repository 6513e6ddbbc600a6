import type { Backend, ClearCursor } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import { assertKey } from './cache-key.js';
import type { GetOrSet } from './engine/get-or-set.js';
import { checkedTags } from './engine/settings.js';
import type { NearCache } from './near/near-cache.js';
import type { WriteBehind } from './engine/write-behind.js';

export interface InvalidationDependencies {
  backend: Backend;
  guard: Guard;
  getOrSet: GetOrSet;
  writeBehind: WriteBehind;
  near: NearCache;
}

const FAILED = Symbol('failed');

/**
 * Makes entries invalid. What this process holds goes first and in any case; `false` means that Redis has
 * not confirmed the rest. A computation that began before can no longer store its result: its lease is
 * gone, or its tag has another version.
 */
export class Invalidation {
  constructor(private readonly use: InvalidationDependencies) {}

  async delete(keys: readonly string[]): Promise<boolean> {
    for (const key of keys) assertKey(key, 'key');
    for (const key of keys) this.#forget(key);
    if (keys.length === 0) return true;
    return this.use.guard.run(() => this.use.backend.entries.delete(keys).then(() => true), false);
  }

  async invalidateTags(tags: readonly string[]): Promise<boolean> {
    const names = checkedTags(tags);
    // Which computations under way carry the tag is not known, so none is joined any more.
    this.use.getOrSet.forgetAll();
    this.use.near.deleteTagged(names);
    if (names.length === 0) return true;
    return this.use.guard.run(() => this.use.backend.tags.invalidate(names).then(() => true), false);
  }

  /** Page by page, each under its own deadline. `false` as soon as one is not confirmed. */
  async clear(): Promise<boolean> {
    this.use.getOrSet.forgetAll();
    this.use.writeBehind.clear();
    this.use.near.clear();
    let cursor: ClearCursor | null | typeof FAILED = null;
    do {
      cursor = await this.#clearPage(cursor);
      if (cursor === FAILED) return false;
    } while (cursor !== null);
    return true;
  }

  #clearPage(cursor: ClearCursor | null): Promise<ClearCursor | null | typeof FAILED> {
    return this.use.guard.run(() => this.use.backend.entries.clearPage(cursor), FAILED);
  }

  #forget(key: string): void {
    this.use.getOrSet.forget(key);
    this.use.writeBehind.drop(key);
    this.use.near.delete(key);
  }
}
