import type { IncomingMessage } from 'node:http';

/**
 * Calls back with the body of a request once all of its `length` bytes are there, before the request ends. Never
 * for one whose client leaves before that.
 */
export function whenWhole(request: IncomingMessage, length: number, then: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let received = 0;
  const take = (chunk: Buffer): void => {
    chunks.push(chunk);
    received += chunk.length;
    if (received < length) return;
    request.off('data', take);
    then(chunks.length === 1 ? chunk : Buffer.concat(chunks));
  };
  request.on('data', take);
}
