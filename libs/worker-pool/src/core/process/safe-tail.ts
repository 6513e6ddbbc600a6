import { setImmediate as nextTurn } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { Passages } from './passages.js';

const MAX_CHARS = 300;
// Read more than the limit: control characters and secrets are removed before the limit applies.
const MAX_RAW_CHARS = 4 * MAX_CHARS;
/** Characters of a secret that are searched in one turn of the event loop: a few milliseconds. */
const STEP_CHARS = 128 * 1_024;
/** A passage at the end of a step is also at the beginning of the next one, with the white space in it. */
const OVERLAP_CHARS = 1_024;
const HIDDEN = '[…]';

/**
 * The end of a program's output in a form that may be shown and logged: one line of at most 300 characters, without
 * control characters and with every passage hidden that occurs in one of the `secrets` (runs of 12 characters or more;
 * shorter secrets as a whole, from 4 characters). Secrets of megabytes are searched in steps, between which other work is
 * done.
 */
export async function safeTail(output: string, secrets: readonly string[]): Promise<string> {
  const passages = new Passages(lastLine(output));
  let chars = 0;
  for (const piece of piecesOf(secrets)) {
    passages.hide(piece);
    chars += piece.length;
    if (chars < STEP_CHARS) continue;
    chars = 0;
    await nextTurn();
  }
  return passages.shown(HIDDEN).slice(-MAX_CHARS).trim();
}

function lastLine(output: string): string {
  return oneLine(output.slice(-MAX_RAW_CHARS));
}

function* piecesOf(secrets: readonly string[]): Generator<string> {
  for (const secret of secrets) {
    for (let at = 0; at === 0 || at + OVERLAP_CHARS < secret.length; at += STEP_CHARS) {
      yield oneLine(secret.slice(at, at + STEP_CHARS + OVERLAP_CHARS));
    }
  }
}

function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
}
