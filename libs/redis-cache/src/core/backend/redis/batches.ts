/** A call for more travels in parts: a script that runs for long keeps every other client waiting. */
const MAX_ITEMS = 500;
/**
 * A batch of several callers is full at so many: more that travel one after another keep this process and the
 * server busy at the same time, where one big one would have each wait for the other.
 */
const ENOUGH_ITEMS = 16;
/** The same for the length of texts in it. */
const MAX_CHARACTERS = 1024 * 1024;

interface Caller<Answer> {
  count: number;
  resolve: (answers: Answer[]) => void;
  reject: (error: unknown) => void;
}

interface Batch<Item, Answer, Terms> {
  terms: Terms;
  items: Item[];
  characters: number;
  callers: Caller<Answer>[];
}

/**
 * Sends what several callers ask for within one turn of the event loop as one command, in their order, and
 * gives each its part of the answer. Nobody waits longer for it: the command leaves when the turn ends, as
 * the first of several would. Only what agrees in its terms is put together.
 */
export class Batches<Item, Answer, Terms extends unknown[]> {
  readonly #open = new Map<string, Batch<Item, Answer, Terms>>();

  /**
   * @param send answers for each item, in the same order
   * @param maxItems where more are asked for by one caller, they travel in parts, between which others come in
   */
  constructor(
    private readonly send: (items: readonly Item[], ...terms: Terms) => Promise<Answer[]>,
    private readonly maxItems = MAX_ITEMS,
  ) {}

  /** @param group the same for calls whose terms are the same */
  add(group: string, items: readonly Item[], terms: Terms): Promise<Answer[]> {
    if (items.length === 0) return Promise.resolve([]);
    if (items.length > this.maxItems) return this.#addInParts(group, items, terms);
    if (items.length >= ENOUGH_ITEMS) return this.#sendAlone(group, items, terms);
    return new Promise((resolve, reject) => {
      const batch = this.#batchFor(group, terms);
      for (const item of items) batch.items.push(item);
      batch.characters += charactersOf(items);
      batch.callers.push({ count: items.length, resolve, reject });
    });
  }

  /** What fills a batch by itself has nothing to wait for, but those that came before. */
  #sendAlone(group: string, items: readonly Item[], terms: Terms): Promise<Answer[]> {
    const open = this.#open.get(group);
    if (open) this.#flush(group, open);
    return this.send(items, ...terms);
  }

  async #addInParts(group: string, items: readonly Item[], terms: Terms): Promise<Answer[]> {
    const parts: Promise<Answer[]>[] = [];
    for (let at = 0; at < items.length; at += this.maxItems) {
      parts.push(this.add(group, items.slice(at, at + this.maxItems), terms));
    }
    return (await Promise.all(parts)).flat();
  }

  /** The open batch if there is room in it, else a new one. */
  #batchFor(group: string, terms: Terms): Batch<Item, Answer, Terms> {
    const open = this.#open.get(group);
    if (open && open.items.length < ENOUGH_ITEMS && open.characters < MAX_CHARACTERS) return open;
    if (open) this.#flush(group, open);
    const batch: Batch<Item, Answer, Terms> = { terms, items: [], characters: 0, callers: [] };
    this.#open.set(group, batch);
    // Ticks come after the callbacks of promises: everyone who was woken by one reply is in by then.
    process.nextTick(() => this.#open.get(group) === batch && this.#flush(group, batch));
    return batch;
  }

  #flush(group: string, { terms, items, callers }: Batch<Item, Answer, Terms>): void {
    this.#open.delete(group);
    this.send(items, ...terms).then(
      (answers) => distribute(answers, callers),
      (error: unknown) => callers.forEach(({ reject }) => reject(error)),
    );
  }
}

function distribute<Answer>(answers: Answer[], callers: Caller<Answer>[]): void {
  if (callers.length === 1) return callers[0]!.resolve(answers);
  let at = 0;
  for (const { count, resolve } of callers) {
    resolve(answers.slice(at, at + count));
    at += count;
  }
}

function charactersOf(items: readonly unknown[]): number {
  let sum = 0;
  for (const item of items) if (typeof item === 'string') sum += item.length;
  return sum;
}
