/** Says which addition this is, so that one that is sent again is not counted again. */
export interface TallyBatch {
  /** Who counts: one text per process, such as a UUID. */
  writer: string;
  /** Grows with each batch of the writer. */
  sequence: number;
}

/** Where a window of time stands. */
export interface WindowCount {
  /** How much was counted since the window began, this time included. */
  count: number;
  /** Milliseconds until the window ends. */
  resetMs: number;
}

/** Keeps numbers that several processes add to. */
export interface CounterStore {
  /**
   * Adds to fields of a tally, all or none. With a batch, only if the writer has not added this one or a
   * later one before. Answers whether it was added.
   */
  add(name: string, increments: ReadonlyMap<string, number>, batch?: TallyBatch): Promise<boolean>;
  /** Every field of a tally; empty when nothing was added yet. */
  read(name: string): Promise<Map<string, number>>;
  /** Counts within a window that begins with the first count and ends `windowMs` later. */
  countInWindow(name: string, windowMs: number, amount: number): Promise<WindowCount>;
}
