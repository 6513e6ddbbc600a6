/** Longer refusals are read up to this size only. No client receives a body of more than 16,384 characters. */
const MAX_REFUSAL_BYTES = 256 * 1_024;
const FIRST_REFUSAL = 400;

/**
 * `fetch` for the SDK, which decodes and parses the body of a refusal in one turn of the event loop: a body of megabytes, such
 * as one that quotes the request, would take a twentieth of a second. A body that is cut is no JSON, so its message is lost.
 */
export const fetchWithShortRefusals: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const { status, statusText, headers, body } = response;
  if (status < FIRST_REFUSAL || body === null) return response;
  return new Response(body.pipeThrough(upTo(MAX_REFUSAL_BYTES)), { status, statusText, headers });
};

/** Passes the first bytes on. Nothing more is read then. */
function upTo(most: number): TransformStream<Uint8Array, Uint8Array> {
  let left = most;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) controller.terminate();
    },
  });
}
