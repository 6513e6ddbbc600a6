import type { FastifyReply } from 'fastify';
import type { CacheResult } from 'nestjs-redis-cache';

/**
 * Where an answer came from:
 * - `near`: this process's own copy
 * - `redis`: the store (Redis, or the memory that stands in for it)
 * - `collapsed`: another request like it was being computed
 * - `stale`: a stored answer past its TTL
 * - `factory`: computed for this request
 */
export type AnswerSource = 'near' | 'redis' | 'collapsed' | 'stale' | 'factory';

/** The part of a result that tells how it was come by. */
export type AnswerNote = Pick<CacheResult<unknown>, 'status' | 'source'>;

declare module 'fastify' {
  interface FastifyReply {
    /** Set by {@link noteAnswer}; read by the access log and the metrics when the response is out. */
    answer: AnswerNote | null;
  }
}

/** The one word for a result's status and source. */
export function answerSourceOf({ status, source }: AnswerNote): AnswerSource {
  return status === 'collapsed' || status === 'stale' ? status : source;
}

/**
 * Remembers how the answer was come by, and tells the client in `Server-Timing`, with the milliseconds it took
 * so far. Call it once the result is known and before anything is sent.
 *
 * @example
 * noteAnswer(reply, await this.completions.complete(request));
 */
export function noteAnswer(reply: FastifyReply, result: AnswerNote): void {
  reply.answer = result;
  void reply.header('Server-Timing', answerTiming(result, reply.elapsedTime));
}

/** The `Server-Timing` header of an answer that took so many milliseconds. */
export function answerTiming(result: AnswerNote, milliseconds: number): string {
  return `${answerSourceOf(result)};dur=${twoDecimals(milliseconds)}`;
}

// What `toFixed(2)` answers, in whole numbers, which are printed several times as fast.
function twoDecimals(value: number): string {
  const hundredths = Math.round(value * 100);
  const rest = hundredths % 100;
  return `${(hundredths - rest) / 100}.${rest < 10 ? '0' : ''}${rest}`;
}

/** Media type of every JSON answer. */
export const JSON_TYPE = 'application/json; charset=utf-8';
