import { stripVTControlCharacters } from 'node:util';

const MAX_CHARS = 300;
// Read more than the limit: control characters and secrets are removed before the limit applies.
const MAX_RAW_CHARS = 4 * MAX_CHARS;
const SECRET_RUN_CHARS = 12;
const HIDDEN = '[…]';

/**
 * The end of a program's output in a form that may be shown and logged: one line of at most 300 characters, without
 * control characters and with every passage hidden that occurs in one of the `secrets` (runs of 12 characters or more;
 * shorter secrets as a whole, from 4 characters).
 */
export function safeTail(output: string, secrets: readonly string[]): string {
  const line = oneLine(output.slice(-MAX_RAW_CHARS));
  const lines = secrets.map(oneLine);
  return hideSecrets(line, lines).slice(-MAX_CHARS).trim();
}

function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
}

function hideSecrets(line: string, secrets: readonly string[]): string {
  const hidden = new Uint8Array(line.length);
  for (const secret of secrets) {
    markSecret(line, secret, hidden);
  }
  let shown = '';
  for (let at = 0; at < line.length; at += 1) {
    if (!hidden[at]) {
      shown += line[at];
    } else if (!hidden[at - 1]) {
      shown += HIDDEN;
    }
  }
  return shown;
}

function markSecret(line: string, secret: string, hidden: Uint8Array): void {
  const run = Math.min(SECRET_RUN_CHARS, secret.length);
  if (run < 4) {
    return;
  }
  for (let at = 0; at + run <= line.length; at += 1) {
    if (secret.includes(line.slice(at, at + run))) {
      hidden.fill(1, at, at + run);
    }
  }
}
