import type { EntrySealer } from '../../entry/entry-sealing.js';
import type { ClearCursor, EntryStore, KeyPage } from '../backend.js';

/** Encrypts entries before they are stored. Reads return them as they are stored: their reader opens them. */
export class SealedEntryStore implements EntryStore {
  constructor(
    private readonly inner: EntryStore,
    private readonly sealer: EntrySealer,
  ) {}

  get(key: string): Promise<Buffer | null> {
    return this.inner.get(key);
  }

  set(key: string, entry: Buffer, ttlMs: number): Promise<unknown> {
    return this.inner.set(key, this.sealer.seal(key, entry), ttlMs);
  }

  setUnlessYounger(key: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    return this.inner.setUnlessYounger(key, this.sealer.seal(key, entry), ttlMs);
  }

  delete(keys: readonly string[]): Promise<unknown> {
    return this.inner.delete(keys);
  }

  discard(key: string, bytes: Buffer): Promise<number> {
    return this.inner.discard(key, bytes);
  }

  discardForeign(key: string): Promise<number> {
    return this.inner.discardForeign(key);
  }

  clearPage(cursor: ClearCursor | null): Promise<ClearCursor | null> {
    return this.inner.clearPage(cursor);
  }

  keyPage(prefix: string, cursor: ClearCursor | null): Promise<KeyPage> {
    return this.inner.keyPage(prefix, cursor);
  }
}
