/**
 * Versions of tags. An entry carries those of its tags that held before its value was computed; once one
 * of them has changed or is gone, the entry is no longer valid. Invalidating costs the same however many
 * entries carry the tag, and a version that the server evicts invalidates rather than revives.
 */
export interface TagStore {
  /** The tags' versions; a tag without one gets one, kept for at least `keepMs`. */
  ensure(tags: readonly string[], keepMs: number): Promise<string[]>;
  /** The tags' versions; `null` for a tag without one. */
  read(tags: readonly string[]): Promise<(string | null)[]>;
  invalidate(tags: readonly string[]): Promise<unknown>;
}
