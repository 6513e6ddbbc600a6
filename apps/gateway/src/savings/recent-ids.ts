const MAX_IDS = 10_000;

/** Remembers the latest ids, so many that none of them comes again later. */
export class RecentIds {
  readonly #ids = new Set<string>();

  /** `false` when it is known already. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MAX_IDS) this.#ids.delete(this.#ids.values().next().value!);
    return true;
  }
}
