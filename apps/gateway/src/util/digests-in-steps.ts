import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Characters that are hashed in one turn of the event loop: a few milliseconds. */
const STEP_CHARS = 1_024 * 1_024;

/** Returns the SHA-256 of each text in hexadecimal. Hashes in steps, between which other requests are served. */
export async function digestsInSteps(texts: readonly string[]): Promise<string[]> {
  const digests: string[] = [];
  let chars = 0;
  for (const text of texts) {
    const hash = createHash('sha256');
    for (const piece of pieces(text)) {
      hash.update(piece);
      chars += piece.length;
      if (chars < STEP_CHARS) continue;
      chars = 0;
      await nextTurn();
    }
    digests.push(hash.digest('hex'));
  }
  return digests;
}

/** Cuts a text, but no pair of surrogates: each alone has another form in UTF-8. */
function* pieces(text: string): Generator<string> {
  let at = 0;
  while (at < text.length) {
    const end = at + STEP_CHARS;
    const cut = isHighSurrogate(text.charCodeAt(end - 1)) ? end + 1 : end;
    yield text.slice(at, cut);
    at = cut;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
