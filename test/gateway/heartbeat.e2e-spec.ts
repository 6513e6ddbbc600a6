import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MessagesApi, until } from '@test/support/index.js';
import { type Gateway, jsonPost, overApi, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';
const MIB = 1_024 * 1_024;
const HEARTBEAT = /^HEARTBEAT (.*)$/gm;

let api: MessagesApi;
let gateway: Gateway;

beforeAll(async () => {
  api = await MessagesApi.start();
  const heartbeat = pathToFileURL('test/fixtures/heartbeat.mjs').href;
  gateway = await startGateway({ ...overApi(api, KEY), NODE_OPTIONS: `--import ${heartbeat}` });
  await longest();
});

afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

let printed = 0;

/** The longest time since the last call that the event loop was busy, in units of parsing and writing 8 MB of JSON. */
async function longest(): Promise<number> {
  process.kill(gateway.process.pid, 'SIGUSR2');
  printed += 1;
  const lines = (): string[] => Array.from(gateway.process.stderr.matchAll(HEARTBEAT), ([, json]) => json!);
  await until(() => lines().length >= printed, { what: 'the heartbeat' });
  const { longestMs, unitMs } = JSON.parse(lines()[printed - 1]!) as { longestMs: number; unitMs: number };
  return longestMs / unitMs;
}

async function send(path: string, body: string): Promise<Response> {
  const init = jsonPost(body);
  return fetch(gateway.url + path, { ...init, headers: { ...init.headers, 'x-api-key': KEY } });
}

const text = (said: string): object => ({ type: 'text', text: said });
const image = (bytes: number): object => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgoA'.repeat(bytes / 12) },
});
const properties = Object.fromEntries(
  Array.from({ length: 8 }, (_, index) => [`p${index}`, { type: 'string', description: 'What it is.' }]),
);
const tool = (index: number): object => ({
  name: `tool_${index}`,
  description: 'x'.repeat(300),
  input_schema: { type: 'object', properties, required: ['p0'] },
});

/** Otherwise the stand-in for the API would answer with the whole request. */
const ANSWER = '[[api text fine]]';
const message = (content: string | object[], more: object = {}): string =>
  JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 10,
    messages: [
      {
        role: 'user',
        content: typeof content === 'string' ? `${ANSWER} ${content}` : [text(ANSWER), ...content],
      },
    ],
    ...more,
  });
const turns = Array.from({ length: 500 }, (_, index) => ({
  role: index % 2 ? 'assistant' : 'user',
  content: [text('z'.repeat(2_000)), text(`${ANSWER} ${'q'.repeat(500)}`)],
}));

describe('no request keeps all others waiting:', () => {
  it.each<[what: string, body: () => string, statuses: number[]]>([
    [
      '500 messages and 100 tools',
      () => message('', { messages: turns, tools: Array.from({ length: 100 }, (_, index) => tool(index)) }),
      [200],
    ],
    ['30 MB in one image', () => message([image(30 * MIB)]), [200]],
    ['30 MB in twenty images', () => message(Array.from({ length: 20 }, () => image(1.5 * MIB))), [200]],
    ['7 MB of text', () => message('w'.repeat(7 * MIB)), [200]],
    ['6 MB of unicode', () => message('é漢'.repeat(1.2 * MIB)), [200]],
    ['20 MB of escapes', () => message([{ type: 'x', data: '\n"'.repeat(5 * MIB) }]), [200]],
    ['9,000 blocks', () => message(Array.from({ length: 9_000 }, () => text('abc'))), [200]],
    [
      '29,000 numbers',
      () => message([{ type: 'x', data: Array.from({ length: 29_000 }, (_, index) => index) }]),
      [200],
    ],
    ['20,000 blocks', () => message(Array.from({ length: 20_000 }, () => text('abc'))), [413]],
    [
      '20,000 levels',
      () => message([{ type: 'x', data: 0 }]).replace(':0', `:${'['.repeat(20_000)}${']'.repeat(20_000)}`),
      [400],
    ],
    ['30 MB that are not JSON', () => `{"a":"${'x'.repeat(30 * MIB)}`, [400]],
    ['bad blocks', () => message(Array.from({ length: 9_000 }, () => ({ type: 1 }))), [400]],
  ])('%s', async (_what, body, statuses) => {
    const sent = body();
    await longest();
    for (let round = 0; round < 2; round += 1) {
      const response = await send('/v1/messages', sent);
      await response.text();
      expect(statuses).toContain(response.status);
    }
    // A coarse bound, also for a machine that is busy: 30 MB in one piece, several times over. The specs of the parts count turns.
    expect(await longest()).toBeLessThan(10);
  });
});
