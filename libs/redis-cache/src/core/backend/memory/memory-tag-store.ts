import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TagStore } from '../tag-store.js';

/** A tag that gives way takes its entries with it, as an evicted one in Redis does. */
const MAX_TAGS = 100_000;

/** Tag versions in this process. */
export class MemoryTagStore implements TagStore {
  readonly #versions = new LRUCache<string, string>({ max: MAX_TAGS });

  async ensure(tags: readonly string[]): Promise<string[]> {
    return tags.map((tag) => this.#versions.get(tag) ?? this.#begin(tag));
  }

  async read(tags: readonly string[]): Promise<(string | null)[]> {
    return tags.map((tag) => this.#versions.get(tag) ?? null);
  }

  async invalidate(tags: readonly string[]): Promise<void> {
    for (const tag of tags) this.#versions.delete(tag);
  }

  #begin(tag: string): string {
    const version = randomUUID();
    this.#versions.set(tag, version);
    return version;
  }
}
