/** Limit of one command: Redis serves no other client while a script runs. */
const MAX_ITEMS = 500;
/**
 * A batch of several callers is sent at this size. Several medium batches keep this process and the server busy at the
 * same time, where with one large batch each would wait for the other.
 */
const FULL_ITEMS = 16;
/** A batch is also full with this many characters. */
const FULL_CHARACTERS = 1024 * 1024;

interface Caller<Result> {
  count: number;
  resolve: (results: Result[]) => void;
  reject: (error: unknown) => void;
}

interface Batch<Item, Result, Args> {
  args: Args;
  items: Item[];
  characters: number;
  callers: Caller<Result>[];
}

/**
 * Combines the calls of one turn of the event loop that share their arguments into one command, in order, and returns
 * to each caller its part of the result. It delays no call: the command leaves at the end of the turn.
 */
export class Batches<Item, Result, Args extends unknown[]> {
  readonly #open = new Map<string, Batch<Item, Result, Args>>();

  /**
   * @param send returns one result per item, in the same order; its last argument is how many items each caller gave
   * @param maxItems a call with more items is split; other calls may be sent between its chunks
   * @param fullItems a batch of this size is sent before the turn ends
   */
  constructor(
    private readonly send: (
      items: readonly Item[],
      ...args: [...Args, counts: readonly number[]]
    ) => Promise<Result[]>,
    private readonly maxItems = MAX_ITEMS,
    private readonly fullItems = FULL_ITEMS,
  ) {}

  /** @param group equal for calls with equal arguments */
  add(group: string, items: readonly Item[], args: Args): Promise<Result[]> {
    if (items.length === 0) return Promise.resolve([]);
    if (items.length > this.maxItems) return this.#addInChunks(group, items, args);
    if (items.length >= this.fullItems) return this.#sendNow(group, items, args);
    return new Promise((resolve, reject) => {
      const batch = this.#batchFor(group, args);
      for (const item of items) batch.items.push(item);
      batch.characters += charactersOf(items);
      batch.callers.push({ count: items.length, resolve, reject });
    });
  }

  /** A call that fills a batch alone is sent at once, after the open batch, so that the order is kept. */
  #sendNow(group: string, items: readonly Item[], args: Args): Promise<Result[]> {
    const open = this.#open.get(group);
    if (open) this.#flush(group, open);
    return this.send(items, ...args, [items.length]);
  }

  async #addInChunks(group: string, items: readonly Item[], args: Args): Promise<Result[]> {
    const chunks: Promise<Result[]>[] = [];
    for (let at = 0; at < items.length; at += this.maxItems) {
      chunks.push(this.add(group, items.slice(at, at + this.maxItems), args));
    }
    return (await Promise.all(chunks)).flat();
  }

  /** The open batch unless it is full, otherwise a new one. */
  #batchFor(group: string, args: Args): Batch<Item, Result, Args> {
    const open = this.#open.get(group);
    if (open && open.items.length < this.fullItems && open.characters < FULL_CHARACTERS) return open;
    if (open) this.#flush(group, open);
    const batch: Batch<Item, Result, Args> = { args, items: [], characters: 0, callers: [] };
    this.#open.set(group, batch);
    // Ticks run after promise callbacks, so all callers that one reply has resumed are in the batch by then.
    process.nextTick(() => this.#open.get(group) === batch && this.#flush(group, batch));
    return batch;
  }

  #flush(group: string, { args, items, callers }: Batch<Item, Result, Args>): void {
    this.#open.delete(group);
    const counts = callers.map(({ count }) => count);
    this.send(items, ...args, counts).then(
      (results) => distribute(results, callers),
      (error: unknown) => callers.forEach(({ reject }) => reject(error)),
    );
  }
}

function distribute<Result>(results: Result[], callers: Caller<Result>[]): void {
  if (callers.length === 1) return callers[0]!.resolve(results);
  let at = 0;
  for (const { count, resolve } of callers) {
    resolve(results.slice(at, at + count));
    at += count;
  }
}

function charactersOf(items: readonly unknown[]): number {
  let sum = 0;
  for (const item of items) if (typeof item === 'string') sum += item.length;
  return sum;
}

/** Items of calls that differ only in how many they want. */
export function nulls(count: number): null[] {
  const list: null[] = [];
  while (list.length < count) list.push(null);
  return list;
}

/** A result for each of `count` items: those there are, then `null`. */
export function padded<T>(items: T[], count: number): (T | null)[] {
  return items.length === count ? items : Array.from({ length: count }, (_, index) => items[index] ?? null);
}

/** The results without the `null`s of `padded`. */
export function present<T>(items: (T | null)[]): T[] {
  return items.includes(null) ? items.filter((item) => item !== null) : (items as T[]);
}
