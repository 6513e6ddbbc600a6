import type { Completion } from 'nestjs-worker-pool';
import { completionJson } from '../completions/completion-response.js';
import { isCompletion } from '../pool/stored-completion.js';
import { type HitFacts, tokensOf } from '../savings/savings.service.js';

/** An answer that is ready to be sent. */
export interface PreparedAnswer extends HitFacts {
  /** The body, a character for each byte, so that head and body leave in one piece. */
  readonly body: string;
  readonly length: string;
}

const prepared = new WeakMap<object, PreparedAnswer | null>();

/** What is sent for a value that all hits share, made once for it; `null` for one that is no completion. */
export function preparedAnswerOf(value: unknown): PreparedAnswer | null {
  if (typeof value !== 'object' || value === null) return null;
  const made = prepared.get(value);
  if (made !== undefined) return made;
  const answer = isCompletion(value) ? prepare(value) : null;
  prepared.set(value, answer);
  return answer;
}

function prepare(value: Completion): PreparedAnswer {
  const { model, cost, usage } = value;
  const json = completionJson({ value, source: 'near', status: 'hit' });
  return answerOf(Buffer.from(json).toString('latin1'), { model, cost, tokens: tokensOf(usage) });
}

/** @param body a character for each byte */
export function answerOf(body: string, { model, cost, tokens }: HitFacts): PreparedAnswer {
  return { body, length: String(body.length), model, cost, tokens };
}
