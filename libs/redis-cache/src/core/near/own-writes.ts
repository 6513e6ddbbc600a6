/** The writes of one key by this process that are unconfirmed or whose announcement has not been heard. */
interface KeyWrites {
  /** Not confirmed yet. */
  open: number;
  /** Not heard yet. */
  unheard: number;
  written: boolean;
  readBack: () => void;
}

/**
 * Tells the announcements of this process's own writes from those of others, so that a write does not drop the copy
 * that it has just made.
 *
 * With `CLIENT TRACKING` the server reports our write as well, without saying whose it is, and at once with any other
 * change of the key in the same turn of its event loop. That drops the copy, as it must. So once the announcement has
 * been heard, which comes right before the server's report, a copy that is gone is read back: a read that begins then
 * sees what is stored now.
 */
export class OwnWrites {
  readonly #keys = new Map<string, KeyWrites>();

  constructor(private readonly hasCopy: (key: string) => boolean) {}

  /** Call before the write is sent. */
  begin(key: string, readBack: () => void): { end(isWritten: boolean): void } {
    const writes = this.#keys.get(key) ?? { open: 0, unheard: 0, written: false, readBack };
    writes.open += 1;
    writes.unheard += 1;
    this.#keys.set(key, writes);
    return { end: (isWritten) => this.#end(key, writes, isWritten) };
  }

  /**
   * An announcement of this process was heard. `unknown`: not of a write that is confirmed or in progress;
   * `unconfirmed`: perhaps of one that is in progress.
   */
  hearEnd(key: string): 'known' | 'unconfirmed' | 'unknown' {
    const writes = this.#keys.get(key);
    if (writes === undefined || writes.unheard === 0) return 'unknown';
    writes.unheard -= 1;
    const heard = writes.open > 0 ? 'unconfirmed' : 'known';
    this.#settle(key, writes);
    return heard;
  }

  /** Announcements may have been missed: the next ones are treated as unknown. */
  clear(): void {
    this.#keys.clear();
  }

  #end(key: string, writes: KeyWrites, isWritten: boolean): void {
    writes.open -= 1;
    if (isWritten) writes.written = true;
    else writes.unheard = Math.max(0, writes.unheard - 1);
    this.#settle(key, writes);
  }

  #settle(key: string, writes: KeyWrites): void {
    if (writes.open > 0 || writes.unheard > 0 || this.#keys.get(key) !== writes) return;
    this.#keys.delete(key);
    if (!writes.written) return;
    // The server's report arrives in the same chunk as the announcement, hence in this turn of the event loop.
    setImmediate(() => {
      if (!this.hasCopy(key)) writes.readBack();
    });
  }
}
