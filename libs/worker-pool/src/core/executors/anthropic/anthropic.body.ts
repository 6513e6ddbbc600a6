import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLargeJson, jsonPieces } from '../../contract/large-json.js';

/** A body as the SDK takes it: a value of which it makes JSON, or the JSON in UTF-8. */
export type AnthropicBody = Readonly<Record<string, unknown>> | Blob;

/**
 * The body of a call and its headers. A large body is written as JSON here, in steps between which others are served; the
 * SDK would do it in one turn, which for 33 MB of images takes a tenth of a second. It is sent in steps because it is a
 * `Blob`: `fetch` copies bytes, twice, before it sends the first.
 */
export async function encodedCall(
  body: Readonly<Record<string, unknown>>,
  headers: Record<string, string>,
): Promise<{ body: AnthropicBody; headers: Record<string, string> }> {
  if (!isLargeJson(body)) return { body, headers };
  await nextTurn();
  const json = await blobOf(body);
  await nextTurn();
  return { body: json, headers: { ...headers, 'content-type': 'application/json' } };
}

async function blobOf(body: object): Promise<Blob> {
  // Of few parts, because each of them is read by itself.
  const steps: Blob[] = [];
  for (const piece of jsonPieces(body)) {
    steps.push(new Blob([piece]));
    await nextTurn();
  }
  return new Blob(steps);
}
