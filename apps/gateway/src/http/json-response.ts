import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLargeJson, jsonPieces } from 'nestjs-worker-pool';

/** Returns the body of a JSON response. A large one is written while it is sent, see {@link jsonInSteps}. */
export function jsonBody(value: object): string | Readable {
  return isLargeJson(value) ? jsonInSteps(value) : JSON.stringify(value);
}

/** The JSON of a large value, written in steps between which other requests are served. */
export function jsonInSteps(value: object): Readable {
  return Readable.from(inTurns(jsonPieces(value)));
}

async function* inTurns(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await nextTurn();
  }
}
