import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi, until, within } from '@test/support/index.js';
import { EventReader, textsOf } from './event-reader.js';
import { lineOf } from './log-lines.js';
import { type Gateway, startGateway } from './start-gateway.js';

const FIRST_DELTA = 3;

let api: MessagesApi;
let gateway: Gateway;

beforeEach(async () => {
  api = await MessagesApi.start();
});

afterEach(async () => {
  await gateway?.stop();
  await api.stop();
});

async function start(more: Record<string, string> = {}): Promise<void> {
  gateway = await startGateway({
    WORKER_EXECUTOR: 'anthropic',
    ANTHROPIC_MAX_RETRIES: '0',
    ...api.env,
    ...more,
  });
}

const ask = (mark: string, more: object = {}) => ({
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: `[[api ${mark}]]` }],
  stream: true,
  ...more,
});

/** A client on a socket of its own, which sees what arrives and when. */
function askBySocket(mark: string): Socket {
  const { hostname, port } = new URL(gateway.url);
  const body = JSON.stringify(ask(mark));
  const socket = connect(Number(port), hostname);
  const head = `POST /v1/messages HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n`;
  socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return socket;
}

/** The next bytes that arrive. */
async function arrived(socket: Socket): Promise<string> {
  const [bytes] = (await within(once(socket, 'data'), { what: 'bytes to arrive' })) as [Buffer];
  return bytes.toString();
}

describe('the events of a stream', () => {
  it('leave the process one by one, the headers with the first', async () => {
    await start();
    const socket = askBySocket('steps a|b');
    const { steps } = await api.call(0);
    void steps.send();
    const first = await arrived(socket);
    expect(first).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(first).toMatch(/event: message_start\ndata: {.*}\n\n\r\n$/);
    const chunks: string[] = [];
    for (let step = 0; step < 5; step += 1) {
      void steps.send();
      chunks.push(await arrived(socket));
    }
    // Each arrived alone, as a chunk of its own, before the API had sent the next one.
    expect(chunks.map((chunk) => /^[0-9a-f]+\r\nevent: (\w+)\ndata: {.*}\n\n\r\n$/.exec(chunk)?.[1])).toEqual(
      [
        'content_block_start',
        'content_block_delta',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
      ],
    );
    socket.destroy();
  });

  it('wait for a client that does not read, without delaying another one, and all arrive', async () => {
    await start();
    const slow = askBySocket('flood 160');
    slow.pause();
    await api.call(0);
    const quick = await EventReader.post(gateway, '/v1/messages', ask('flood 160'));
    expect(quick.response.headers.get('cache-status')).toBe('redis-cache; fwd=miss; collapsed');
    const expected = textsOf(await quick.rest()).length;
    let received = '';
    slow.on('data', (bytes: Buffer) => (received += bytes.toString('latin1'))).resume();
    await until(() => received.endsWith('\r\n0\r\n\r\n'), { what: 'the end of the response' });
    expect([expected, received.match(/x{65536}/g)?.length]).toEqual([160 * 65_536, 160]);
    expect(api.calls).toHaveLength(1);
    slow.destroy();
  });

  it('are interspersed with pings in pauses', async () => {
    await start({ MESSAGES_PING_MS: '20' });
    const opening = EventReader.post(gateway, '/v1/messages', ask('steps a|b'));
    const { steps } = await api.call(0);
    await steps.send(FIRST_DELTA);
    const reader = await opening;
    const untilDelta = async (): Promise<string[]> => {
      const names: string[] = [];
      for (let name = ''; name !== 'content_block_delta'; names.push(name))
        name = (await reader.next())!.name!;
      return names;
    };
    await untilDelta();
    expect([await reader.next(), await reader.next()]).toMatchObject([{ name: 'ping' }, { name: 'ping' }]);
    await steps.rest();
    expect((await reader.rest()).map(({ name }) => name).filter((name) => name !== 'ping')).toEqual([
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it('start with pings if the first one takes long, and then arrive live', async () => {
    await start({ MESSAGES_PING_MS: '20' });
    const reader = await EventReader.post(gateway, '/v1/messages', ask('steps a|b'), {
      'x-request-id': 'late',
    });
    expect([await reader.next(), reader.response.headers.get('cache-status')]).toMatchObject([
      { name: 'ping' },
      null,
    ]);
    const { steps } = await api.call(0);
    await steps.send(FIRST_DELTA);
    let event = await reader.next();
    while (event?.name !== 'content_block_delta') event = await reader.next();
    expect(textsOf([event])).toBe('a');
    await steps.fail();
    expect((await reader.rest()).at(-1)).toMatchObject({
      name: 'error',
      data: { error: { type: 'overloaded_error' } },
    });
    expect(await lineOf(gateway, 'late')).toMatchObject({ status: 200, stream: 'failed', source: 'factory' });
  });
});

const isRefusing = (): Promise<boolean> =>
  fetch(gateway.url).then(
    () => false,
    () => true,
  );

/** Resolves once the gateway accepts no new connections. */
const untilRefusing = (): Promise<unknown> => until(isRefusing, { what: 'the server to stop listening' });

describe('a gateway that stops during a stream', () => {
  it('gives it its drain time, and then ends it with an error', async () => {
    await start({ SHUTDOWN_DRAIN_MS: '600' });
    const opening = EventReader.post(gateway, '/v1/messages', ask('steps a|b|c'));
    const { steps } = await api.call(0);
    await steps.send(FIRST_DELTA);
    const reader = await opening;
    await reader.take(FIRST_DELTA);
    gateway.process.signal('SIGTERM');
    await untilRefusing();
    await steps.send();
    expect(textsOf([await reader.next()])).toBe('b');
    expect((await reader.rest()).at(-1)).toMatchObject({
      name: 'error',
      data: { error: { type: 'api_error' } },
    });
    expect(await within(gateway.process.exited, { what: 'the end of the process' })).toEqual({
      code: 0,
      signal: null,
    });
  });

  it('ends as soon as the stream is complete, though its connection is kept alive', async () => {
    await start({ SHUTDOWN_DRAIN_MS: '60000', KEEP_ALIVE_TIMEOUT_MS: '60000' });
    const opening = EventReader.post(gateway, '/v1/messages', ask('steps a|b'));
    const { steps } = await api.call(0);
    await steps.send(FIRST_DELTA);
    const reader = await opening;
    gateway.process.signal('SIGTERM');
    await untilRefusing();
    await steps.rest();
    expect(textsOf(await reader.rest())).toBe('ab');
    expect(await within(gateway.process.exited, { what: 'the end of the process' })).toEqual({
      code: 0,
      signal: null,
    });
  });
});
