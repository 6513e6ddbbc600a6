import { setImmediate as nextTurn } from 'node:timers/promises';
import { StringDecoder } from 'node:string_decoder';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from './problem.js';

/** Values that a body may contain: objects, arrays, and what they contain. Validating more would block the process. */
export const MAX_VALUES = 60_000;
/** Smaller bodies are decoded and parsed in one turn of the event loop. */
const SMALL_BYTES = 256 * 1_024;
/** Bytes that are decoded in one turn of the event loop: a few milliseconds. */
const STEP_BYTES = 1_024 * 1_024;

type ParseJson = (
  request: FastifyRequest,
  text: string,
  done: (error: Error | null, body?: unknown) => void,
) => void;

/**
 * Accepts JSON bodies only; every other media type gets a 415. A large body is decoded and parsed in steps between which
 * other requests are served, and a body of more than {@link MAX_VALUES} values is refused before it is parsed.
 */
export function acceptJsonOnly(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error') as ParseJson;
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const text = await decode(body);
      return new Promise((resolve, reject) => {
        parseJson(request, text, (error, value) => (error ? reject(error) : resolve(value)));
      });
    },
  );
}

/** @throws {ProblemError} the body has too many values */
async function decode(bytes: Buffer): Promise<string> {
  if (bytes.length > SMALL_BYTES) return decodeInSteps(bytes);
  if (new ValueCounter().add(bytes) > MAX_VALUES) throw tooManyValues();
  return bytes.toString();
}

async function decodeInSteps(bytes: Buffer): Promise<string> {
  const decoder = new StringDecoder('utf8');
  const counter = new ValueCounter();
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    const step = bytes.subarray(at, at + STEP_BYTES);
    if (counter.add(step) > MAX_VALUES) throw tooManyValues();
    parts.push(decoder.write(step));
    await nextTurn();
  }
  const text = parts.join('') + decoder.end();
  await nextTurn();
  return text;
}

const [QUOTE, BACKSLASH, COMMA, OPEN_ARRAY, OPEN_OBJECT] = ['"', '\\', ',', '[', '{'].map((character) =>
  character.charCodeAt(0),
) as [number, number, number, number, number];

/** Counts the values in JSON text that comes in parts: one per bracket that opens and per comma, outside strings. */
export class ValueCounter {
  #count = 0;
  #isInString = false;
  /** Whether the last byte of the previous part was an unpaired backslash. */
  #isEscaped = false;

  /** Returns the count up to the end of this part. */
  add(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      at = this.#isInString ? this.#skipString(bytes, at) : this.#countUntilString(bytes, at);
    }
    return this.#count;
  }

  #countUntilString(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === COMMA || byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#count += 1;
      else if (byte === QUOTE) {
        this.#isInString = true;
        return at + 1;
      }
    }
    return bytes.length;
  }

  /** Finds quotes natively: strings are the most part of a large body. */
  #skipString(bytes: Buffer, from: number): number {
    const quote = bytes.indexOf(QUOTE, from);
    const end = quote === -1 ? bytes.length : quote;
    const isEscaped = this.#endsEscaped(bytes, from, end);
    if (quote === -1) {
      this.#isEscaped = isEscaped;
      return bytes.length;
    }
    this.#isEscaped = false;
    this.#isInString = isEscaped;
    return quote + 1;
  }

  /** Whether an odd number of backslashes precedes `end`. */
  #endsEscaped(bytes: Buffer, from: number, end: number): boolean {
    let first = end;
    while (first > from && bytes[first - 1] === BACKSLASH) first -= 1;
    const isOdd = (end - first) % 2 === 1;
    return first === from && this.#isEscaped ? !isOdd : isOdd;
  }
}

function tooManyValues(): ProblemError {
  const detail = `contains more than ${MAX_VALUES} values: split it into several requests`;
  const errors = [{ field: 'body', detail }];
  return new ProblemError(413, `The body ${detail}.`, { code: 'ERR_TOO_MANY_VALUES', errors });
}
