/** Whatever a client sends: a response below 500, and a gateway that goes on serving with bounded memory. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { type Gateway, startGateway } from '@test/gateway/start-gateway.js';
import { anyJson, fuzz, FUZZ_TIMEOUT_MS, mutatedText } from './fuzz.js';
import { requestText, sendRaw } from './raw-request.js';

const MAX_GROWTH_BYTES = 300 * 1024 * 1024;
const ROUTES = [
  'completions',
  'messages',
  'messages/count_tokens',
  'chat/completions',
  'queue',
  'tasks/x',
  'cache',
]
  .concat('cache/tags/a', 'cache/stats', 'models', 'queue/dead', 'nowhere')
  .map((path) => `/v1/${path}`);
const FIELDS = [
  'prompt',
  'model',
  'system',
  'max_tokens',
  'temperature',
  'ttl_seconds',
  'tags',
  'stream',
  'messages',
  'tools',
];

let gateway: Gateway;
let port: number;
let startBytes: number;

beforeAll(async () => {
  gateway = await startGateway({
    LOG_LEVEL: 'fatal',
    HEADERS_TIMEOUT_MS: '1000',
    REQUEST_TIMEOUT_MS: '2000',
    RATE_LIMIT_PER_MINUTE: '1000000',
  });
  port = Number(new URL(gateway.url).port);
  startBytes = residentBytes();
});

afterAll(() => gateway.stop());

const validBody = fc.constantFrom(
  { prompt: 'Redis is fast. A cache keeps answers.' },
  { prompt: 'Redis is fast.', stream: true, tags: ['a'], ttl_seconds: 1 },
  { model: 'offline', max_tokens: 10, messages: [{ role: 'user', content: 'Redis is fast.' }] },
  {
    model: 'offline',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Redis' }] }],
    stream: true,
  },
);
const anyBody = fc.oneof(
  anyJson,
  fc.dictionary(fc.constantFrom(...FIELDS), anyJson),
  fc
    .tuple(validBody, fc.dictionary(fc.constantFrom(...FIELDS), anyJson, { maxKeys: 2 }))
    .map((parts) => Object.assign({}, ...parts) as object),
);
const body = fc.oneof(
  anyBody.map((value) => JSON.stringify(value)),
  anyBody.chain((value) => mutatedText(JSON.stringify(value))),
  fc.string({ unit: 'binary' }),
);
const headerText = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.constantFrom(
    'no-cache',
    'max-age=-1',
    'respond-async',
    'application/json',
    'text/plain',
    'gzip',
    '1, 2',
    'bytes=0-',
  ),
);
const header = fc.tuple(
  fc
    .constantFrom(
      'Content-Type',
      'Cache-Control',
      'Prefer',
      'Accept',
      'X-Request-Id',
      'Authorization',
      'x-api-key',
    )
    .map(String),
  headerText,
);
const otherHeader = fc.tuple(
  fc.constantFrom(
    'Content-Encoding',
    'Transfer-Encoding',
    'Content-Length',
    'Expect',
    'Origin',
    'Range',
    'anthropic-beta',
  ),
  headerText,
);

const request = fc
  .record({
    method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'DELETE', 'PUT', 'OPTIONS', 'HEAD'),
    path: fc.oneof(fc.constantFrom(...ROUTES), fc.constantFrom(...ROUTES).chain(mutatedText)),
    headers: fc.array(fc.oneof(header, header, otherHeader), { maxLength: 3 }),
    isJson: fc.boolean(),
    body,
  })
  .map(({ method, path, headers, isJson, body: content }) => {
    const type = isJson ? ['Content-Type: application/json'] : [];
    const lines = headers.map(([name, value]) => `${name}: ${value}`);
    return requestText([`${method} ${path} HTTP/1.1`, ...type, ...lines], content);
  });

describe('any request', () => {
  it(
    'gets a response below 500, and leaves a gateway that serves with bounded memory',
    async () => {
      await fuzz<string>({
        name: 'http',
        input: fc.oneof(
          { weight: 4, arbitrary: request },
          { weight: 1, arbitrary: request.chain(mutatedText) },
        ),
        mutate: mutatedText,
        check: async (text) => {
          const reply = await sendRaw(port, text);
          // A connection that is closed in response to what is no request at all.
          if (reply === '') return;
          const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(reply)?.[1]);
          const isRefusedByRequest = /only-if-cached/i.test(text) && status === 504;
          expect({ reply, isClientFault: (status >= 200 && status < 500) || isRefusedByRequest }).toEqual({
            reply,
            isClientFault: true,
          });
        },
      });
      const { status } = await gateway.get('/health/live');
      expect({ status, ended: gateway.process.exitStatus }).toEqual({ status: 200, ended: undefined });
      expect(gateway.process.stderr).not.toMatch(/unhandled|uncaught|TypeError/i);
      expect(residentBytes() - startBytes).toBeLessThan(MAX_GROWTH_BYTES);
    },
    FUZZ_TIMEOUT_MS,
  );
});

function residentBytes(): number {
  const status = readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}
