import type { ValueHit } from 'nestjs-redis-cache';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { type AnswerNote, answerTiming, JSON_TYPE } from '../http/answer-note.js';
import type { LaneVisit } from './lane-visit.js';
import type { PreparedAnswer } from './prepared-answer.js';

/** An answer of the cache, ready to be sent. */
export interface Hit {
  readonly answer: PreparedAnswer;
  readonly ages: Pick<ValueHit<unknown>, 'ageSeconds' | 'ttlSeconds' | 'durationMs'>;
  readonly note: AnswerNote;
}

export const NEAR: AnswerNote = Object.freeze({ status: 'hit', source: 'near' });
export const REDIS: AnswerNote = Object.freeze({ status: 'hit', source: 'redis' });

/** Texts of `Cache-Status` by whole seconds; a TTL takes few of them at a time. */
const MAX_TEXTS = 1_000;
const texts = new Map<number, string>();

/** Sends a hit with the headers that are its own, behind those that are given. */
export function sendHit(visit: LaneVisit, { answer, ages, note }: Hit, headers: string[]): void {
  visit.answer = note;
  visit.cacheStatus = hitStatus(ages.ttlSeconds);
  headers.push('x-request-id', visit.id, 'Server-Timing', answerTiming(note, visit.durationMs));
  headers.push('Cache-Status', visit.cacheStatus, 'Age', String(Math.floor(ages.ageSeconds ?? 0)));
  headers.push('Content-Type', JSON_TYPE, 'Content-Length', answer.length);
  visit.send(headers, answer.body);
}

function hitStatus(ttlSeconds: number | null): string {
  const seconds = ttlSeconds === null ? -1 : Math.floor(ttlSeconds);
  const known = texts.get(seconds);
  if (known !== undefined) return known;
  if (texts.size >= MAX_TEXTS) texts.clear();
  const made = formatCacheStatus({ outcome: 'hit', ttlSeconds });
  texts.set(seconds, made);
  return made;
}
