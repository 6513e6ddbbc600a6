/** Arguments of a contender's `setup`. */
export interface Context {
  /** A Redis that no other contender uses. */
  redisUrl: string;
  /** Start of this contender's keys. */
  prefix: string;
  /**
   * Whether the scenario is about values in the process. Then a contender turns its in-process tier on, or offers no
   * operation if it has none. Otherwise the tier stays off.
   */
  near: boolean;
  /** Time to live of all stored values. */
  ttlSeconds: number;
}

/** Operations of a contender, which need no `this`. Where one is missing, the contender is "not available". */
export interface Operations {
  /** Returns the value as an object; `null` or `undefined` when there is none. */
  get?(key: string): unknown;
  /** Returns the value's JSON, unparsed. */
  getBytes?(key: string): Promise<Uint8Array | null>;
  /** Stores the value; returns neither `false` nor `null`. */
  set?(key: string, value: object): unknown;
  /** Returns the stored value, or stores and returns the factory's. */
  getOrSet?(key: string, factory: () => Promise<object>): unknown;
  /** Returns the pieces of a value as they come, from the factory, another process or the store. */
  getOrStream?(key: string, factory: () => AsyncIterable<object>): Promise<AsyncIterable<object>>;
  /** A round trip to Redis without a value. */
  ping?(): Promise<unknown>;
  /** Appends a request to a queue. */
  enqueue?(request: object): Promise<unknown>;
  /** Reserves the oldest requests, at most `count`, acknowledges them and returns them. */
  take?(count: number): Promise<object[]>;
  /** Waits for requests that `enqueue` appends and handles them one at a time, until the returned function is called. */
  watch?(handle: (request: object) => void): Promise<() => Promise<unknown>>;
  /** Empties the queue; returns how many requests were in it. */
  clearQueue?(): Promise<number>;
  /** Appends a request to the queue that `work` handles. */
  add?(request: object): Promise<unknown>;
  /** Handles the requests that `add` appends, `concurrency` at a time, until the returned function is called. */
  work?(concurrency: number, handle: (request: object) => void): Promise<() => Promise<unknown>>;
}

export interface Session {
  operations: Operations;
  /** Closes all resources, so that the process can exit by itself. */
  teardown(): unknown;
}

/** A measured library or build; `index.mjs` lists them. */
export interface Contender {
  name: string;
  /**
   * - `baseline`: the others are compared with it; at most one offers an operation in a context
   * - `subject`: the limits apply to it
   * - `peer`: another library, or another build
   */
  role: 'baseline' | 'subject' | 'peer';
  /** Another library, measured with `--peers` only. */
  library?: true;
  /** Version of the measured package. */
  version(): string;
  /** Runs in a process of its own, a new one for each scenario. */
  setup(context: Context): Promise<Session>;
}
