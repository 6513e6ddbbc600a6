import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Span, stringPieces } from './string-pieces.js';
import { ValueCounter } from './value-counter.js';

/** Bytes that are handled in one turn of the event loop: a few milliseconds. */
const STEP_BYTES = 1_024 * 1_024;
/** Bytes that are scanned in one turn: a few milliseconds, even if they consist of empty strings. */
const SCANNED_BYTES = 256 * 1_024;
/** Longer strings are decoded apart from the rest of the text. */
const LONG_BYTES = 512;

/** What a body must not exceed. Each throws if it does. */
export interface JsonLimits {
  /** @param values how many there are so far */
  count(values: number, depth: number): void;
  /** @param bytes of the text without its long strings */
  structure(bytes: number): void;
  /** @param halves of surrogate pairs that stand alone, so far */
  surrogates(halves: number): void;
}

type Parse = (text: string) => Promise<unknown>;

/**
 * Parses a large JSON body in steps, between which other requests are served. The time of `JSON.parse` is that of the
 * strings, which cannot be interrupted: long ones are therefore replaced by marks, decoded step by step, and put in place
 * when the rest has been parsed.
 *
 * @param parse parses JSON text; rejects if it is not valid
 * @throws what `limits` throw
 */
export async function parseInSteps(bytes: Buffer, parse: Parse, limits: JsonLimits): Promise<unknown> {
  const spans = await longStrings(bytes, limits);
  // The last string has no end.
  if (spans === null) return parse('"');
  const marks = new Marks();
  const halves = new HalfCounter(limits);
  const rest: string[] = [];
  let at = 0;
  let turn = 0;
  for (const span of spans) {
    rest.push(
      bytes.toString('utf8', at, span.start),
      marks.add(await parsedString(bytes, span, parse, halves)),
    );
    at = span.end;
    if (at - turn < STEP_BYTES) continue;
    turn = at;
    await nextTurn();
  }
  await nextTurn();
  const json = rest.join('') + bytes.toString('utf8', at);
  halves.add(json);
  const value = await parse(json);
  await nextTurn();
  const whole = marks.replaceIn(value);
  await nextTurn();
  return whole;
}

/** The long strings of a text, except names of properties; `null` if the last string has no end. */
async function longStrings(bytes: Buffer, limits: JsonLimits): Promise<Span[] | null> {
  const spans: Span[] = [];
  const counter = new ValueCounter((start, end) => {
    if (end - start > LONG_BYTES) spans.push({ start, end });
  });
  for (let at = 0; at < bytes.length; at += SCANNED_BYTES) {
    limits.count(counter.add(bytes.subarray(at, at + SCANNED_BYTES)), counter.maxDepth);
    await nextTurn();
  }
  if (counter.isInString) return null;
  limits.structure(bytesWithout(spans, bytes));
  const texts = spans.filter(({ end }) => !isName(bytes, end));
  limits.structure(bytesWithout(texts, bytes));
  return texts;
}

function bytesWithout(spans: readonly Span[], { length }: Buffer): number {
  return spans.reduce((rest, { start, end }) => rest - (end - start), length);
}

const [COLON, SPACE] = [':'.charCodeAt(0), ' '.charCodeAt(0)];

/** Whether a string that ends before `end` is the name of a property. */
function isName(bytes: Buffer, end: number): boolean {
  let at = end;
  // All white space of JSON is at most a space; other control characters are no JSON.
  while (at < bytes.length && bytes[at]! <= SPACE) at += 1;
  return bytes[at] === COLON;
}

/** The string of a span. A very long one is decoded in pieces, each in a turn of its own. */
async function parsedString(bytes: Buffer, span: Span, parse: Parse, halves: HalfCounter): Promise<string> {
  const pieces: string[] = [];
  for (const { start, end } of stringPieces(bytes, span, STEP_BYTES)) {
    if (pieces.length > 0) await nextTurn();
    const json = bytes.toString('utf8', start, end);
    halves.add(json);
    pieces.push(await parsedText(`"${json}"`, parse));
  }
  return pieces.length === 1 ? pieces[0]! : pieces.join('');
}

/** The parser of a request also looks for names that change prototypes, which a string has none of. */
async function parsedText(text: string, parse: Parse): Promise<string> {
  try {
    return JSON.parse(text) as string;
  } catch {
    return (await parse(text)) as string;
  }
}

/** A surrogate pair or one half, as escapes. Without escapes there are no halves: UTF-8 cannot contain them. */
const SURROGATES = /\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]../g;
const HALF_LENGTH = 6;

/** Counts halves of surrogate pairs that stand alone: writing one as JSON takes as long as 50 other characters. */
class HalfCounter {
  #count = 0;

  constructor(private readonly limits: Pick<JsonLimits, 'surrogates'>) {}

  /** @throws what the limit throws */
  add(json: string): void {
    for (const [escapes] of json.matchAll(SURROGATES)) {
      if (escapes.length > HALF_LENGTH) continue;
      this.#count += 1;
      this.limits.surrogates(this.#count);
    }
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
