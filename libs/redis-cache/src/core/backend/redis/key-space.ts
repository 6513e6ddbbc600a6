/** The keys of one cache. Braces put all keys of one entry into one Cluster slot. */
export class KeySpace {
  readonly #entryStart: string;
  readonly #leaseStart: string;
  readonly #tagStart: string;
  readonly #tallyStart: string;
  readonly #windowStart: string;
  readonly #limitStart: string;

  constructor(private readonly prefix: string) {
    this.#entryStart = `${prefix}:cache:{`;
    this.#leaseStart = `${prefix}:lease:{`;
    this.#tagStart = `${prefix}:tag:{`;
    this.#tallyStart = `${prefix}:tally:{`;
    this.#windowStart = `${prefix}:window:{`;
    this.#limitStart = `${prefix}:limit:{`;
  }

  entry(key: string): string {
    return `${this.#entryStart}${key}}`;
  }

  /** Lies in the slot of its entry. */
  lease(key: string): string {
    return `${this.#leaseStart}${key}}`;
  }

  /** The pieces of one computation, in the slot of its lease. */
  stream(key: string, token: string): string {
    return `${this.prefix}:stream:{${key}}:${token}`;
  }

  /** Exists while the pieces of a computation are read elsewhere. */
  watch(key: string, token: string): string {
    return `${this.prefix}:watch:{${key}}:${token}`;
  }

  queue(name: string): string {
    return this.#ofQueue('queue', name);
  }

  /** The dead letters of a queue, in the queue's slot. */
  dead(name: string): string {
    return this.#ofQueue('dead', name);
  }

  /** How many bytes a queue holds, in the queue's slot. */
  queueBytes(name: string): string {
    return this.#ofQueue('bytes', name);
  }

  /** Channel that announces new requests. */
  get arrivals(): string {
    return `${this.prefix}:arrivals`;
  }

  tag(name: string): string {
    return `${this.#tagStart}${name}}`;
  }

  tally(name: string): string {
    return `${this.#tallyStart}${name}}`;
  }

  /** The latest batch that a writer added, in the slot of the tally. */
  tallyBatch(name: string, writer: string): string {
    return `${this.prefix}:batch:{${name}}:${writer}`;
  }

  window(name: string): string {
    return `${this.#windowStart}${name}}`;
  }

  limit(name: string): string {
    return `${this.#limitStart}${name}}`;
  }

  /** Written to check whether the server accepts writes. */
  get probe(): string {
    return `${this.prefix}:probe`;
  }

  /** Prefixes of the keys of entries and tags, including the client's own prefix. */
  trackedPrefixes(clientPrefix: string): string[] {
    return [clientPrefix + this.#entryStart, clientPrefix + this.#tagStart];
  }

  /** Returns the key of the entry that a Redis key holds, or `null`. */
  entryOf(redisKey: string): string | null {
    return nameIn(redisKey, this.#entryStart);
  }

  /** Returns the tag that a Redis key holds, or `null`. */
  tagOf(redisKey: string): string | null {
    return nameIn(redisKey, this.#tagStart);
  }

  /** Channel of the events between processes. */
  get channel(): string {
    return `${this.prefix}:events`;
  }

  /** `SCAN` pattern of all leases, including the client's own prefix. */
  leasePattern(clientPrefix: string): string {
    return `${escapeGlob(clientPrefix + this.#leaseStart)}*`;
  }

  /** `SCAN` pattern of the entries whose keys begin with `keyStart`, including the client's own prefix. */
  entryPattern(clientPrefix: string, keyStart = ''): string {
    return `${escapeGlob(clientPrefix + this.#entryStart + keyStart)}*`;
  }

  // Empty braces do not choose the slot, so a name that begins with a brace gets another hash tag.
  #ofQueue(kind: string, name: string): string {
    return name.startsWith('}') ? `${this.prefix}:${kind}::{q}${name}` : `${this.prefix}:${kind}:{${name}}`;
  }
}

function nameIn(redisKey: string, start: string): string | null {
  return redisKey.startsWith(start) && redisKey.endsWith('}') ? redisKey.slice(start.length, -1) : null;
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, (character) => `\\${character}`);
}
