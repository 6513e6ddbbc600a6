import type { FastifyReply } from 'fastify';
import { formatCacheStatus, type NearHit } from 'nestjs-redis-cache';
import { type AnswerNote, answerTiming } from '../http/answer-note.js';
import { JSON_TYPE } from '../http/json-type.js';
import type { PreparedAnswer } from './prepared-answer.js';

type Ages = Pick<NearHit<unknown>, 'ageSeconds' | 'ttlSeconds'>;
type Source = 'near' | 'redis';

/** Texts of `Cache-Status` by whole seconds; a TTL takes few of them at a time. */
const MAX_TEXTS = 1_000;
const notes: Record<Source, Map<number, AnswerNote>> = { near: new Map(), redis: new Map() };

/** Sends a hit past Fastify's own way of replying, with the headers that hooks have set before. */
export function sendAnswer(reply: FastifyReply, answer: PreparedAnswer, ages: Ages, source: Source): void {
  const note = noteOf(source, ages.ttlSeconds);
  reply.answer = note;
  const head = headersOf(reply);
  head.push('Server-Timing', answerTiming(note, reply.elapsedTime));
  head.push('Cache-Status', note.cacheStatus!, 'Age', String(Math.floor(ages.ageSeconds ?? 0)));
  head.push('Content-Type', JSON_TYPE, 'Content-Length', answer.length);
  reply.hijack();
  reply.raw.writeHead(200, head);
  reply.raw.end(answer.body, 'latin1');
}

function headersOf(reply: FastifyReply): string[] {
  const head: string[] = [];
  const headers = reply.getHeaders();
  for (const name in headers) head.push(name, String(headers[name]));
  return head;
}

function noteOf(source: Source, ttlSeconds: number | null): AnswerNote {
  const known = notes[source];
  const seconds = ttlSeconds === null ? -1 : Math.floor(ttlSeconds);
  const note = known.get(seconds);
  if (note !== undefined) return note;
  if (known.size >= MAX_TEXTS) known.clear();
  const cacheStatus = formatCacheStatus({ outcome: 'hit', ttlSeconds });
  const made: AnswerNote = Object.freeze({ status: 'hit', source, cacheStatus });
  known.set(seconds, made);
  return made;
}
