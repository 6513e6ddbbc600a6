/**
 * PING over a bare socket, with no client library between the test and the server.
 *
 *   expect(await rawPing({ port: server.port })).toBe('+PONG');
 */
import { connect, type Socket } from 'node:net';
import { within } from './until.js';

export interface RawPingOptions {
  readonly port: number;
  readonly host?: string;
  readonly password?: string;
  readonly timeoutMs?: number;
}

const encode = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

async function lineOf(socket: Socket, index: number): Promise<string> {
  let received = '';
  for await (const chunk of socket) {
    received += String(chunk);
    const [line, next] = received.split('\r\n').slice(index);
    if (line !== undefined && next !== undefined) return line;
  }
  throw new Error('The server closed the connection instead of answering PING');
}

/** The server's answer line as it is on the wire: `+PONG`, `-LOADING …`, `-NOAUTH …`. */
export async function rawPing(options: RawPingOptions): Promise<string> {
  const { port, host = '127.0.0.1', password, timeoutMs } = options;
  const requests = [...(password === undefined ? [] : [encode('AUTH', password)]), encode('PING')];
  const socket = connect({ port, host });
  socket.setEncoding('utf8').write(requests.join(''));
  try {
    return await within(lineOf(socket, requests.length - 1), {
      timeoutMs,
      what: `PONG from ${host}:${port}`,
    });
  } finally {
    socket.destroy();
  }
}
