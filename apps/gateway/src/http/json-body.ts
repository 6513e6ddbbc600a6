import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseInSteps } from './large-json.js';
import { ProblemError } from './problem.js';
import { ValueCounter } from './value-counter.js';

/**
 * Values that a body may contain: objects, arrays, and what they contain. Validating more would block the process. Claude Code
 * sends about ten thousand with 500 messages and 100 tools.
 */
export const MAX_VALUES = 30_000;
/** Levels of objects and arrays in a body. */
const MAX_DEPTH = 90;
/** Smaller bodies are decoded and parsed in one turn of the event loop. */
const SMALL_BYTES = 256 * 1_024;

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
      const parse = (text: string): Promise<unknown> =>
        new Promise((resolve, reject) => {
          parseJson(request, text, (error, value) => (error ? reject(error) : resolve(value)));
        });
      if (body.length > SMALL_BYTES) return parseInSteps(body, parse, assertSmall);
      const counter = new ValueCounter();
      assertSmall(counter.add(body), counter.maxDepth);
      return parse(body.toString());
    },
  );
}

/** @throws {ProblemError} there are too many values, or they are nested too deeply */
function assertSmall(values: number, depth: number): void {
  if (values > MAX_VALUES) throw tooManyValues();
  if (depth > MAX_DEPTH) throw tooDeep();
}

function tooManyValues(): ProblemError {
  const detail = `contains more than ${MAX_VALUES} values: split it into several requests`;
  const errors = [{ field: 'body', detail }];
  return new ProblemError(413, `The body ${detail}.`, { code: 'ERR_TOO_MANY_VALUES', errors });
}

function tooDeep(): ProblemError {
  const detail = `must not be nested more than ${MAX_DEPTH} levels deep`;
  const errors = [{ field: 'body', detail }];
  return new ProblemError(400, `The body ${detail}.`, { code: 'ERR_INVALID_BODY', errors });
}
