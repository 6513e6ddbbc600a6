import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { CacheResult } from 'nestjs-redis-cache';
import { type CacheStatus, formatCacheStatus } from 'nestjs-redis-cache/http';

/** Media type of every JSON response. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Where an answer came from:
 * - `near`: the copy in this process
 * - `redis`: the backend (Redis, or the memory that replaces it)
 * - `collapsed`: the computation of another, equal request
 * - `stale`: a stored answer past its TTL
 * - `factory`: computed for this request
 */
export type AnswerSource = 'near' | 'redis' | 'collapsed' | 'stale' | 'factory';

/** The part of a cache result that says where the value came from. */
export type AnswerOrigin = Pick<CacheResult<unknown>, 'status' | 'source'>;

/** What was not spent: tokens, and US dollars. */
export interface Saved {
  readonly tokens: number;
  readonly cost: number;
}

const COST_DECIMALS = 6;

/** Headers that say what a response from the cache saved, as names and values in turn. */
export function savedHeaders({ tokens, cost }: Saved): string[] {
  return ['X-Tokens-Saved', String(tokens), 'X-Cost-Saved', cost.toFixed(COST_DECIMALS)];
}

/** A cache result and what the `Cache-Status` header says about it. */
export interface Answer<T> {
  readonly result: CacheResult<T>;
  readonly cacheStatus: CacheStatus;
  /** What computing it cost, if it was not computed for this request. */
  readonly saved?: Saved | undefined;
}

declare module 'fastify' {
  interface FastifyReply {
    /** Set by {@link sendAnswer}; read by the access log and the metrics when the response has ended. */
    answer: AnswerOrigin | null;
  }
}

/** Combines status and source into one word. */
export function answerSourceOf({ status, source }: AnswerOrigin): AnswerSource {
  return status === 'collapsed' || status === 'stale' ? status : source;
}

/** Sends an answer with the headers that describe where it came from. `body` is JSON or text already, or writes itself. */
export function sendAnswer(
  reply: FastifyReply,
  { result, cacheStatus, saved }: Answer<unknown>,
  type: string,
  body: string | Readable,
): void {
  reply.answer = result;
  const headers = originHeaders(result, formatCacheStatus(cacheStatus), reply.elapsedTime);
  setHeaders(reply, headers);
  if (saved !== undefined) setHeaders(reply, savedHeaders(saved));
  void reply.header('Content-Type', type).send(body);
}

/** Sets headers that are given as names and values in turn. */
export function setHeaders(reply: FastifyReply, headers: readonly string[]): void {
  for (let at = 0; at < headers.length; at += 2) reply.header(headers[at]!, headers[at + 1]);
}

/**
 * Headers that describe where an answer came from, as names and values in turn. `Server-Timing` contains the source
 * and the time until now.
 */
export function originHeaders(
  result: AnswerOrigin & Pick<CacheResult<unknown>, 'ageSeconds'>,
  cacheStatus: string,
  elapsedMs: number,
): string[] {
  const timing = `${answerSourceOf(result)};dur=${twoDecimals(elapsedMs)}`;
  if (result.source === 'factory') return ['Server-Timing', timing, 'Cache-Status', cacheStatus];
  const age = String(Math.floor(result.ageSeconds ?? 0));
  return ['Server-Timing', timing, 'Cache-Status', cacheStatus, 'Age', age];
}

// Equals `toFixed(2)`, several times as fast.
function twoDecimals(value: number): string {
  const hundredths = Math.round(value * 100);
  const rest = hundredths % 100;
  return `${(hundredths - rest) / 100}.${rest < 10 ? '0' : ''}${rest}`;
}
