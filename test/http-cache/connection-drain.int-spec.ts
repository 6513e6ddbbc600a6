import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BusyClients,
  type ManagedProcess,
  RedisServer,
  spawnNode,
  WAITS_AT_END,
  within,
} from '@test/support/index.js';

const CLIENTS = 20;
const CLEAN = { code: 0, signal: null };

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

interface App {
  process: ManagedProcess;
  port: number;
}

async function start(PLATFORM: string): Promise<App> {
  const process = spawnNode('test/fixtures/stopping-app.mjs', { env: { PLATFORM, REDIS_URL: redis.url } });
  const line = await process.waitForLine(/^Listening on/);
  return { process, port: Number(new URL(line.split(' ').at(-1)!).port) };
}

async function idleConnection({ port }: App, firstRequest: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  if (firstRequest === '') return socket;
  socket.write(firstRequest);
  await once(socket, 'data');
  return socket;
}

describe.each(['express', 'fastify'])('a Nest application on %s with ConnectionDrain', (platform) => {
  it('loses no request of busy keep-alive clients when it gets SIGTERM', async () => {
    const app = await start(platform);
    let sent = 0;
    const clients = new BusyClients(CLIENTS, () => {
      sent += 1;
      const path = sent % 10 === 0 ? `/question-${sent}` : '/known';
      return { options: { port: app.port, host: '127.0.0.1', path } };
    });
    await clients.answered(200);
    app.process.signal('SIGTERM');
    const { statuses, closing, keptWhileStopping, lost, lostAtEnd } = await clients.ended();
    expect(lost).toEqual([]);
    expect(lostAtEnd.length).toBeLessThanOrEqual(WAITS_AT_END);
    expect([...statuses.keys()]).toEqual([200]);
    expect(closing).toBeGreaterThan(0);
    expect(keptWhileStopping).toBe(0);
    expect(await app.process.exited).toEqual(CLEAN);
  });

  it.each([
    ['has sent no request', ''],
    ['has its response', 'GET /known HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('closes the idle connection of a client that %s', async (_what, firstRequest) => {
    const app = await start(platform);
    const socket = await idleConnection(app, firstRequest);
    const closed = once(socket.resume(), 'close');
    app.process.signal('SIGTERM');
    await within(closed, { what: 'the connection to be closed' });
    expect(await within(app.process.exited, { what: 'the end' })).toEqual(CLEAN);
  });
});
