import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ValueCounter } from './value-counter.js';

/** Bytes that are handled in one turn of the event loop: a few milliseconds. */
const STEP_BYTES = 1_024 * 1_024;
/** Longer strings are decoded apart from the rest of the text. */
const LONG_BYTES = 512;

/** A string in JSON text, from its first quote to behind its last. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Parses a large JSON body in steps, between which other requests are served. The time of `JSON.parse` is that of the
 * strings, which cannot be interrupted: long ones are therefore replaced by marks, decoded step by step, and put in place
 * when the rest has been parsed.
 *
 * @param parse parses JSON text; rejects if it is not valid
 * @throws what `check` throws for the number of values and the depth so far
 */
export async function parseInSteps(
  bytes: Buffer,
  parse: (text: string) => Promise<unknown>,
  check: (values: number, depth: number) => void,
): Promise<unknown> {
  const spans = await longStrings(bytes, check);
  const marks = new Marks();
  const rest: string[] = [];
  let at = 0;
  let turn = 0;
  for (const { start, end } of spans) {
    rest.push(
      bytes.toString('utf8', at, start),
      marks.add(await parsedText(bytes.toString('utf8', start, end), parse)),
    );
    at = end;
    if (end - turn < STEP_BYTES) continue;
    turn = end;
    await nextTurn();
  }
  const value = await parse(rest.join('') + bytes.toString('utf8', at));
  await nextTurn();
  return marks.replaceIn(value);
}

async function longStrings(bytes: Buffer, check: (values: number, depth: number) => void): Promise<Span[]> {
  const spans: Span[] = [];
  const counter = new ValueCounter((start, end) => {
    if (end - start > LONG_BYTES) spans.push({ start, end });
  });
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    check(counter.add(bytes.subarray(at, at + STEP_BYTES)), counter.maxDepth);
    await nextTurn();
  }
  return spans.filter(({ end }) => !isName(bytes, end));
}

const [COLON, SPACE] = [':'.charCodeAt(0), ' '.charCodeAt(0)];

/** Whether a string that ends before `end` is the name of a property. */
function isName(bytes: Buffer, end: number): boolean {
  let at = end;
  // All white space of JSON is at most a space; other control characters are no JSON.
  while (at < bytes.length && bytes[at]! <= SPACE) at += 1;
  return bytes[at] === COLON;
}

/** The parser of a request also looks for names that change prototypes, which a string has none of. */
async function parsedText(text: string, parse: (text: string) => Promise<unknown>): Promise<string> {
  try {
    return JSON.parse(text) as string;
  } catch {
    return (await parse(text)) as string;
  }
}

/** Texts that stand for longer ones. No client can guess them. */
class Marks {
  readonly #nonce = randomUUID();
  readonly #texts = new Map<string, string>();

  /** Returns the mark as JSON. */
  add(text: string): string {
    const mark = `${this.#nonce}:${this.#texts.size}`;
    this.#texts.set(mark, text);
    return `"${mark}"`;
  }

  /** Puts the texts in place. Without recursion, because the values may be nested deeply. */
  replaceIn(value: unknown): unknown {
    const root = { value };
    const open: object[] = [root];
    for (let container = open.pop(); container !== undefined; container = open.pop()) {
      this.#replaceIn(container as Record<string, unknown>, open);
    }
    return root.value;
  }

  #replaceIn(container: Record<string, unknown>, open: object[]): void {
    for (const name of Object.keys(container)) {
      const item = container[name];
      if (typeof item === 'string') container[name] = this.#texts.get(item) ?? item;
      else if (typeof item === 'object' && item !== null) open.push(item);
    }
  }
}
