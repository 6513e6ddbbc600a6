import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpAdapterHost } from '@nestjs/core';
import { ConnectionDrain } from './connection-drain.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** Longer than the pause between two sweeps for idle connections. */
const BLOCKED_MS = 25;
/** A connection that is found idle this often is closed. */
const SWEEPS = 6;

let server: Server;
let drain: ConnectionDrain;

beforeEach(async () => {
  server = createServer((_request, response) => response.end('served'));
  drain = new ConnectionDrain(new HttpAdapterHost());
  drain.watch(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  drain.onApplicationShutdown();
  server.closeAllConnections();
  server.close();
});

/** A connection that has received a response and is kept alive. */
async function keptAlive(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(REQUEST);
  await once(socket, 'data');
  return socket;
}

async function responseOn(socket: Socket): Promise<string> {
  const [data] = await once(socket, 'data');
  return String(data);
}

function block(): void {
  const end = performance.now() + BLOCKED_MS;
  while (performance.now() < end);
}

describe('a request that has arrived when its connection counts as idle', () => {
  it('is served by a server that closes', async () => {
    const socket = await keptAlive();
    drain.onModuleDestroy();
    socket.write(REQUEST);
    // As Fastify does; nothing has been read in between.
    server.closeIdleConnections();
    server.close();
    expect(await responseOn(socket)).toMatch(/^HTTP\/1.1 200 OK\r\nConnection: close\r\n.*served/s);
  });

  it('is served after any number of sweeps', async () => {
    const sockets = await Promise.all(Array.from({ length: SWEEPS }, keptAlive));
    drain.onModuleDestroy();
    const responses = [];
    for (const socket of sockets) {
      await immediate();
      responses.push(responseOn(socket));
      socket.write(REQUEST);
      // The next sweep is due before the request is read.
      block();
    }
    for (const response of await Promise.all(responses)) expect(response).toContain('Connection: close');
  });
});

it('a connection that stays idle is closed', async () => {
  const socket = await keptAlive();
  drain.onModuleDestroy();
  await Promise.all([once(socket.resume(), 'close'), once(server.close(), 'close')]);
});
