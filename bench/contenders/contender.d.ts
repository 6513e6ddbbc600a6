/** What a contender gets to set itself up. */
export interface Context {
  /** A Redis that nobody else uses. */
  redisUrl: string;
  /** Keys of this contender begin with it. */
  prefix: string;
  /**
   * The scenario is about values that are kept in the process: a contender with such a tier turns it on, one
   * without offers no operation. Otherwise it stays off.
   */
  near: boolean;
  /** Time to live of everything that is stored. */
  ttlSeconds: number;
}

/** Each may be missing: where it is needed, the contender is "not available". They need no `this`. */
export interface Operations {
  /** The value as an object; `null` or `undefined` when there is none. */
  get?(key: string): unknown;
  /** The value's JSON, not parsed. */
  getBytes?(key: string): Promise<Uint8Array | null>;
  /** Stores the value; answers neither `false` nor `null`. */
  set?(key: string, value: object): unknown;
  /** The stored value, or the factory's, which is then stored. */
  getOrSet?(key: string, factory: () => Promise<object>): unknown;
  /** Appends a request to a queue. */
  enqueue?(request: object): Promise<unknown>;
  /** Takes the oldest requests on trial, at most so many, acknowledges them, and answers them. */
  take?(count: number): Promise<object[]>;
  /** Empties the queue; answers how many requests were in it. */
  clearQueue?(): Promise<number>;
  /** Appends a request to the queue that `work` works on. */
  add?(request: object): Promise<unknown>;
  /** Handles what `add` appends, so many at a time, until what it answers is called. */
  work?(concurrency: number, handle: (request: object) => void): Promise<() => Promise<unknown>>;
}

export interface Session {
  operations: Operations;
  /** Ends everything, so that the process can exit by itself. */
  teardown(): unknown;
}

/** What is measured; `index.mjs` lists them. */
export interface Contender {
  name: string;
  /**
   * - `baseline`: what the others are compared with; at most one offers an operation in a context
   * - `subject`: what the limits apply to
   * - `peer`: another library, or another build
   */
  role: 'baseline' | 'subject' | 'peer';
  /** Version of what is measured. */
  version(): string;
  /** Runs in a process of its own, anew for each scenario. */
  setup(context: Context): Promise<Session>;
}
