/**
 * A TCP port of 127.0.0.1 that nobody listens on.
 *
 *   const port = await freePort();
 *
 * Ports come from below the range that systems take for outgoing connections (from 32768 on Linux, 49152 on
 * macOS). A client that keeps reconnecting to a killed server could otherwise be given the server's own port
 * as its source, connect to itself, and keep the server from ever coming back on that port.
 *
 * Each worker of jest has a part of that range to itself: a port that one of them has just found, or left for the
 * moment in which its server restarts, is not given away by another.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST_PORT = 12_000;
const PARTS = 10;
const PORTS_OF_A_PART = 2_000;
const ATTEMPTS = 100;

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: '127.0.0.1', port, exclusive: true });
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function firstOfPart(): number {
  const worker = Number(process.env['JEST_WORKER_ID'] ?? 1);
  return FIRST_PORT + (worker % PARTS) * PORTS_OF_A_PART;
}

export async function freePort(): Promise<number> {
  const first = firstOfPart();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(first, first + PORTS_OF_A_PART);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port found on 127.0.0.1 from ${first} to ${first + PORTS_OF_A_PART}`);
}
