/** Shorter passages of a text are not secret. */
const RUN_CHARS = 12;
/** Shorter secrets may be anything. */
const MIN_SECRET_CHARS = 4;
const MULTIPLIER = 31;
const { imul } = Math;
const BUCKETS = 2 ** 16;
/** What the first character of a run has contributed to its hash when the run is complete. */
const FIRST_WEIGHT = Array.from({ length: RUN_CHARS }).reduce<number>(
  (weight) => imul(weight, MULTIPLIER),
  1,
);

/** A line in which passages of other texts are hidden. The time that one text takes is linear in its length. */
export class Passages {
  readonly #hidden: Uint8Array;
  /** Where the runs of the line begin. Those that were found in a text are removed. */
  readonly #runs = new Map<string, number[]>();
  /** How many runs of the line have a hash, so that most passages of a text need not be compared. */
  readonly #hashes = new Uint16Array(BUCKETS);

  constructor(private readonly line: string) {
    this.#hidden = new Uint8Array(line.length);
    for (let at = 0; at + RUN_CHARS <= line.length; at += 1) this.#add(line.slice(at, at + RUN_CHARS), at);
  }

  /** Hides each run of 12 characters that occurs in the text; a shorter text, of at least 4 characters, as a whole. */
  hide(text: string): void {
    if (text.length < RUN_CHARS) return this.#hideWhole(text);
    let hash = 0;
    for (let at = 0; at < text.length && this.#runs.size > 0; at += 1) {
      hash = next(hash, text.charCodeAt(at), at < RUN_CHARS ? 0 : text.charCodeAt(at - RUN_CHARS));
      if (this.#hashes[bucketOf(hash)]! > 0 && at + 1 >= RUN_CHARS) {
        this.#hideRun(text.slice(at + 1 - RUN_CHARS, at + 1), hash);
      }
    }
  }

  /** The line, with `mark` instead of each hidden passage. */
  shown(mark: string): string {
    let shown = '';
    for (let at = 0; at < this.line.length; at += 1) {
      if (!this.#hidden[at]) shown += this.line[at];
      else if (!this.#hidden[at - 1]) shown += mark;
    }
    return shown;
  }

  #add(run: string, at: number): void {
    const places = this.#runs.get(run);
    if (places !== undefined) return void places.push(at);
    this.#runs.set(run, [at]);
    this.#hashes[bucketOf(hashOf(run))]! += 1;
  }

  #hideRun(run: string, hash: number): void {
    const places = this.#runs.get(run);
    if (places === undefined) return;
    for (const at of places) this.#hidden.fill(1, at, at + RUN_CHARS);
    this.#runs.delete(run);
    this.#hashes[bucketOf(hash)]! -= 1;
  }

  #hideWhole(secret: string): void {
    if (secret.length < MIN_SECRET_CHARS) return;
    for (let at = this.line.indexOf(secret); at !== -1; at = this.line.indexOf(secret, at + 1)) {
      this.#hidden.fill(1, at, at + secret.length);
    }
  }
}

function hashOf(run: string): number {
  let hash = 0;
  for (let at = 0; at < run.length; at += 1) hash = next(hash, run.charCodeAt(at), 0);
  return hash;
}

/** The hash of a run after the one with `hash`: `entering` is its last character, `leaving` the first of the other. */
function next(hash: number, entering: number, leaving: number): number {
  return (imul(hash, MULTIPLIER) + entering - imul(leaving, FIRST_WEIGHT)) | 0;
}

function bucketOf(hash: number): number {
  return (hash ^ (hash >>> 16)) & (BUCKETS - 1);
}
