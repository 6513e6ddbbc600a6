/** What the keys of one cache look like: the braces put all that belongs to one entry into one Cluster slot. */
export class KeySpace {
  readonly #entryStart: string;
  readonly #leaseStart: string;
  readonly #tagStart: string;
  readonly #tallyStart: string;
  readonly #windowStart: string;

  constructor(private readonly prefix: string) {
    this.#entryStart = `${prefix}:cache:{`;
    this.#leaseStart = `${prefix}:lease:{`;
    this.#tagStart = `${prefix}:tag:{`;
    this.#tallyStart = `${prefix}:tally:{`;
    this.#windowStart = `${prefix}:window:{`;
  }

  entry(key: string): string {
    return `${this.#entryStart}${key}}`;
  }

  /** In the slot of its entry. */
  lease(key: string): string {
    return `${this.#leaseStart}${key}}`;
  }

  queue(name: string): string {
    return this.#ofQueue('queue', name);
  }

  /** The dead letters of a queue, in the slot of it. */
  dead(name: string): string {
    return this.#ofQueue('dead', name);
  }

  /** Channel on which processes hear of requests. */
  get arrivals(): string {
    return `${this.prefix}:arrivals`;
  }

  tag(name: string): string {
    return `${this.#tagStart}${name}}`;
  }

  tally(name: string): string {
    return `${this.#tallyStart}${name}}`;
  }

  /** The latest batch that a writer added; in the slot of the tally. */
  tallyBatch(name: string, writer: string): string {
    return `${this.prefix}:batch:{${name}}:${writer}`;
  }

  window(name: string): string {
    return `${this.#windowStart}${name}}`;
  }

  /** Written and overwritten to see whether the server accepts writes. */
  get probe(): string {
    return `${this.prefix}:probe`;
  }

  /** What every key of an entry or a tag begins with, behind what the client puts before each key. */
  trackedPrefixes(clientPrefix: string): string[] {
    return [clientPrefix + this.#entryStart, clientPrefix + this.#tagStart];
  }

  /** The entry that a key belongs to, or `null`. */
  entryOf(redisKey: string): string | null {
    return nameIn(redisKey, this.#entryStart);
  }

  /** The tag that a key belongs to, or `null`. */
  tagOf(redisKey: string): string | null {
    return nameIn(redisKey, this.#tagStart);
  }

  /** Channel on which processes tell each other what they did. */
  get channel(): string {
    return `${this.prefix}:events`;
  }

  /** `SCAN` pattern of all leases, behind what the client itself puts before each key. */
  leasePattern(clientPrefix: string): string {
    return `${escapeGlob(clientPrefix + this.#leaseStart)}*`;
  }

  /** `SCAN` pattern of all entries, likewise. */
  entryPattern(clientPrefix: string): string {
    return `${escapeGlob(clientPrefix + this.#entryStart)}*`;
  }

  // Braces with nothing between them do not choose the slot, so that a name that begins with one gets its own.
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
