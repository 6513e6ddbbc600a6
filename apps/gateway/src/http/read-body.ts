import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorCodes, type FastifyRequest } from 'fastify';

/** Bytes that are copied in one turn of the event loop. */
const STEP_BYTES = 4 * 1_024 * 1_024;

/**
 * Reads the body of a request, as Fastify does it, except that the parts of a large one are joined in steps, between which
 * other requests are served.
 *
 * @throws {FastifyError} 413: it is larger than the limit of the route; 400: it has another length than announced
 */
export async function readBody(request: FastifyRequest, payload: IncomingMessage): Promise<Buffer> {
  const chunks = await receive(payload, limitsOf(request));
  // Decoded at once, so that it may be a part of the memory into which the socket reads.
  if (chunks.length === 1) return chunks[0]!;
  return joined(chunks);
}

interface BodyLimits {
  /** `NaN` unless it was announced. */
  readonly announced: number;
  readonly most: number;
}

function limitsOf({ headers, routeOptions }: FastifyRequest): BodyLimits {
  return { announced: Number(headers['content-length']), most: routeOptions.bodyLimit };
}

function receive(payload: IncomingMessage, { announced, most }: BodyLimits): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const end = (settle: () => void): void => {
      payload.off('data', onData).off('end', onEnd).off('error', onError);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      chunks.push(chunk);
      if (received > most) end(() => reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()));
    };
    const onEnd = (): void => {
      const isWhole = Number.isNaN(announced) || received === announced;
      end(() => (isWhole ? resolve(chunks) : reject(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH())));
    };
    const onError = (error: Error & { statusCode?: number }): void => {
      error.statusCode ??= 400;
      end(() => reject(error));
    };
    if (announced > most) return reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
    payload.on('data', onData).on('end', onEnd).on('error', onError).resume();
  });
}

async function joined(chunks: readonly Buffer[]): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(chunks.reduce((sum, { length }) => sum + length, 0));
  let [at, turn] = [0, 0];
  for (const chunk of chunks) {
    at += chunk.copy(bytes, at);
    if (at - turn < STEP_BYTES) continue;
    turn = at;
    await nextTurn();
  }
  return bytes;
}
