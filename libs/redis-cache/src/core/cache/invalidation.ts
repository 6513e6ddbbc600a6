import type { Backend } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import { assertKey, assertKeys } from '../entry/arguments.js';
import { checkedTags } from './settings.js';
import type { NearCache } from '../near/near-cache.js';
import { clearPages, type PendingInvalidations } from './pending-invalidations.js';
import type { WriteBehind } from './write-behind.js';

/** Work in progress that later calls must not share after an invalidation. */
export interface InProgress {
  forget(key: string): void;
  forgetAll(): void;
}

export interface InvalidationDependencies {
  backend: Backend;
  guard: Guard;
  inProgress: readonly InProgress[];
  writeBehind: WriteBehind;
  near: NearCache;
  pending: PendingInvalidations;
}

/**
 * Invalidates entries. Drops what this process holds first, and in any case; `false` means that Redis has not
 * confirmed the rest, which is then repeated until it does. A computation that began before can no longer store its value: its lease is gone, or its tag
 * has another version. Near copies are dropped once more at the end: what was read meanwhile may have been read before
 * Redis had done its part.
 */
export class Invalidation {
  constructor(private readonly use: InvalidationDependencies) {}

  async delete(given: string | readonly string[]): Promise<boolean> {
    const keys = checkedKeys(given);
    for (const key of keys) this.#forget(key);
    if (keys.length === 0) return true;
    const { guard, backend, near, pending } = this.use;
    const isDone = await guard.run(() => backend.entries.delete(keys).then(() => true), false);
    for (const key of keys) near.delete(key);
    if (!isDone) pending.addKeys(keys);
    return isDone;
  }

  async invalidateTags(tags: readonly string[]): Promise<boolean> {
    const names = checkedTags(tags);
    // It is not known which computations in progress carry the tag, so none is joined any more.
    for (const work of this.use.inProgress) work.forgetAll();
    this.use.near.deleteTagged(names);
    if (names.length === 0) return true;
    const { guard, backend, near, pending } = this.use;
    const isDone = await guard.run(() => backend.tags.invalidate(names).then(() => true), false);
    near.deleteTagged(names);
    if (!isDone) pending.addTags(names);
    return isDone;
  }

  /** Clears page by page, each under its own deadline. `false` as soon as one is not confirmed. */
  async clear(): Promise<boolean> {
    for (const work of this.use.inProgress) work.forgetAll();
    this.use.writeBehind.clear();
    this.use.near.clear();
    const isDone = await clearPages(this.use);
    this.use.near.clear();
    if (!isDone) this.use.pending.addAll();
    return isDone;
  }

  #forget(key: string): void {
    for (const work of this.use.inProgress) work.forget(key);
    this.use.writeBehind.drop(key);
    this.use.near.delete(key);
  }
}

function checkedKeys(keys: string | readonly string[]): readonly string[] {
  if (typeof keys === 'string') {
    assertKey(keys, 'keys');
    return [keys];
  }
  assertKeys(keys, 'keys');
  return keys;
}
