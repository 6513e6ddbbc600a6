import { once } from 'node:events';
import { connect } from 'node:net';

const REPLY_TIMEOUT_MS = 30_000;
const INCOMPLETE_AFTER_MS = 300;
const INTERIM = /^HTTP\/1\.1 100 Continue\r\n\r\n/;

/**
 * Sends the text, one byte per character, over a connection of its own, and ends it after a while in case the server
 * waits for more. Returns the final reply; '' if the connection was closed without one.
 */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  // A server may close the connection before it has read everything.
  socket.on('error', () => {});
  socket.setTimeout(REPLY_TIMEOUT_MS, () => {
    parts.push(Buffer.from('no end'));
    socket.destroy();
  });
  await once(socket, 'connect');
  socket.write(Buffer.from(text, 'latin1'));
  const end = setTimeout(() => socket.end(), INCOMPLETE_AFTER_MS);
  await once(socket, 'close');
  clearTimeout(end);
  return Buffer.concat(parts).toString('latin1').replace(INTERIM, '');
}

/** A request as text, with its length. */
export function requestText(head: readonly string[], body: string): string {
  const bytes = Buffer.from(body).toString('latin1');
  const length = head.some((line) => /^content-length:/i.test(line))
    ? []
    : [`Content-Length: ${bytes.length}`];
  return [...head, ...length, 'Host: 127.0.0.1', 'Connection: close', '', bytes].join('\r\n');
}
