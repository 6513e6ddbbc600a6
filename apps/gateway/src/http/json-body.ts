import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type JsonLimits, parseInSteps } from './large-json.js';
import { ProblemError } from './problem.js';
import { readBody } from './read-body.js';
import { ValueCounter } from './value-counter.js';

/**
 * Values that a body may contain: objects, arrays, and what they contain. Validating more would block the process. Claude Code
 * sends about ten thousand with 500 messages and 100 tools.
 */
export const MAX_VALUES = 30_000;
/** Levels of objects and arrays in a body. */
const MAX_DEPTH = 90;
/**
 * Bytes of a body apart from its long texts: names, numbers, short texts, white space. They are parsed in one turn of the
 * event loop. {@link MAX_VALUES} values of the usual length take less.
 */
export const MAX_STRUCTURE_BYTES = 4 * 1_024 * 1_024;
/**
 * Halves of surrogate pairs that may stand alone. A text that was cut has one; the time in which they are written
 * as JSON is that of 50 other characters each.
 */
const MAX_HALVES = 65_536;
/** Smaller bodies are handled in one turn of the event loop, unless they contain many values. */
const SMALL_BYTES = 256 * 1_024;
/** Each step of a request takes time that grows with its values. */
const FEW_VALUES = 4_096;

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the body is so large, or has so many values, that it is handled in steps: others are served between them. */
    isLarge: boolean;
  }
}

type ParseJson = (
  request: FastifyRequest,
  text: string,
  done: (error: Error | null, body?: unknown) => void,
) => void;

/**
 * Accepts JSON bodies only; every other media type gets a 415. A large body is decoded and parsed in steps between which
 * other requests are served, and a body of more than {@link MAX_VALUES} values or {@link MAX_STRUCTURE_BYTES} bytes apart
 * from its long texts is refused before it is parsed.
 */
export function acceptJsonOnly(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error') as ParseJson;
  fastify.removeAllContentTypeParsers();
  fastify.decorateRequest('isLarge', false);
  fastify.addContentTypeParser(
    'application/json',
    async (request: FastifyRequest, payload: IncomingMessage) => {
      const parse = (text: string): Promise<unknown> =>
        new Promise((resolve, reject) => {
          parseJson(request, text, (error, value) => (error ? reject(error) : resolve(value)));
        });
      const body = await readBody(request, payload);
      request.isLarge = body.length > SMALL_BYTES;
      if (request.isLarge) return parseInSteps(body, parse, LIMITS);
      const counter = new ValueCounter();
      const values = counter.add(body);
      assertSmall(values, counter.maxDepth);
      request.isLarge = values > FEW_VALUES;
      // What reads the body comes before all immediates of the same turn: from here on, each has a turn of its own.
      if (request.isLarge) await nextTurn();
      return parse(body.toString());
    },
  );
}

/** @throws {ProblemError} there are too many values, or they are nested too deeply */
function assertSmall(values: number, depth: number): void {
  if (values > MAX_VALUES) throw tooMany(`${MAX_VALUES} values`);
  if (depth > MAX_DEPTH) throw tooDeep();
}

/** @throws {ProblemError} the body is too large apart from its long texts */
function assertSlender(bytes: number): void {
  if (bytes > MAX_STRUCTURE_BYTES) {
    throw tooMany(`${MAX_STRUCTURE_BYTES} bytes of names, numbers, short texts and white space`);
  }
}

/** @throws {ProblemError} there are too many */
function assertWellFormed(halves: number): void {
  if (halves > MAX_HALVES) throw tooMany(`${MAX_HALVES} unpaired surrogates`);
}

const LIMITS: JsonLimits = { count: assertSmall, structure: assertSlender, surrogates: assertWellFormed };

function tooMany(what: string): ProblemError {
  const detail = `contains more than ${what}: split it into several requests`;
  const errors = [{ field: 'body', detail }];
  return new ProblemError(413, `The body ${detail}.`, { code: 'ERR_TOO_MANY_VALUES', errors });
}

function tooDeep(): ProblemError {
  const detail = `must not be nested more than ${MAX_DEPTH} levels deep`;
  const errors = [{ field: 'body', detail }];
  return new ProblemError(400, `The body ${detail}.`, { code: 'ERR_INVALID_BODY', errors });
}
