import type { BytesHit } from 'nestjs-redis-cache';
import type { Completion } from 'nestjs-worker-pool';
import { isCompletion } from '../pool/stored-completion.js';
import { type HitFacts, tokensOf } from '../savings/savings.service.js';
import { answerOf, type PreparedAnswer, preparedAnswerOf } from './prepared-answer.js';

const HEAD_START = '{"usage":';
const TEXT_FIELD = ',"completion":';
const QUOTE = '"';
const ENDING = '"}';
const MAX_HEADS = 1_000;
/** Longer ones, such as those with content of other kinds, are read each time. */
const MAX_HEAD_LENGTH = 1_024;
/** What a stored answer begins with, and what the body of a hit begins with for it. */
const heads = new Map<string, Head | null>();

interface Head extends HitFacts {
  readonly start: string;
}

/**
 * The answer for stored bytes. Of those that we store only the small beginning is read, which many answers may
 * share; the text behind it is sent on as it lies there. Other forms are parsed. `null`: no completion at all.
 */
export function answerOfBytes({ json, enveloped }: BytesHit): PreparedAnswer | null {
  const text = json.toString('latin1');
  const at = enveloped && text.startsWith(HEAD_START) ? text.indexOf(TEXT_FIELD) : -1;
  const head = at > 0 && endsWithText(text, at + TEXT_FIELD.length) ? headOf(text.slice(0, at)) : null;
  if (head === null) return preparedAnswerOf(parseBody(json));
  return answerOf(head.start + text.slice(at), head);
}

// What is damaged is for the handler, which finds out and removes it.
function parseBody(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString());
  } catch {
    return null;
  }
}

/** Whether from there on the value is one text and nothing else. */
function endsWithText(text: string, from: number): boolean {
  if (text[from] !== QUOTE || !text.endsWith(ENDING)) return false;
  let at = from;
  do at = text.indexOf(QUOTE, at + 1);
  while (at >= 0 && isEscaped(text, at));
  return at === text.length - ENDING.length;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}

function headOf(text: string): Head | null {
  const known = heads.get(text);
  if (known !== undefined) return known;
  const head = readHead(text);
  if (text.length > MAX_HEAD_LENGTH) return head;
  if (heads.size >= MAX_HEADS) heads.clear();
  heads.set(text, head);
  return head;
}

// What is no whole object has been cut within a field of a field.
function readHead(text: string): Head | null {
  try {
    const stored = JSON.parse(`${Buffer.from(text, 'latin1').toString()}}`) as Omit<Completion, 'completion'>;
    const { usage, cost, model, stopReason } = stored;
    if ('completion' in stored || !isCompletion({ ...stored, completion: '' })) return null;
    const fields = { usage, cost: 0, model, stop_reason: stopReason, cached: true, cost_saved: cost };
    const start = Buffer.from(JSON.stringify(fields)).toString('latin1').slice(0, -1);
    return { model, cost, tokens: tokensOf(usage), start };
  } catch {
    return null;
  }
}
