import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MessagesApi, until } from '@test/support/index.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const ENV = { WORKER_EXECUTOR: 'anthropic', ANTHROPIC_MAX_RETRIES: '0' };
const PADDING = 'x'.repeat(120_000);

let api: MessagesApi;
/** As it is by default, and with `HIT_USAGE=zero`. */
let gateways: Record<'original' | 'zero', Gateway>;

beforeAll(async () => {
  api = await MessagesApi.start();
  const [original, zero] = await Promise.all([
    startGateway({ ...ENV, ...api.env }),
    startGateway({ ...ENV, ...api.env, HIT_USAGE: 'zero' }),
  ]);
  gateways = { original, zero };
});

afterAll(async () => {
  await Promise.all(Object.values(gateways ?? {}).map((one) => one.stop()));
  await api?.stop();
});

interface Reply {
  headers: Headers;
  text: string;
  /** The last usage that the response reports. */
  usage: Record<string, unknown>;
}

async function ask(
  { url }: Gateway,
  path: string,
  body: object,
  more: Record<string, string> = {},
): Promise<Reply> {
  const init = jsonPost(body);
  const response = await fetch(url + path, { ...init, headers: { ...init.headers, ...more } });
  const text = await response.text();
  expect(response.status).toBe(200);
  const usages = [...text.matchAll(/"usage":(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})/g)];
  return {
    headers: response.headers,
    text,
    usage: JSON.parse(usages.at(-1)![1]!) as Record<string, unknown>,
  };
}

const bodies = {
  '/v1/messages': (prompt: string, stream: boolean): object => ({
    model: 'claude-sonnet-5-5',
    max_tokens: 10,
    messages: [{ role: 'user', content: prompt }],
    stream,
  }),
  '/v1/completions': (prompt: string, stream: boolean): object => ({ prompt, stream }),
};

const CASES = Object.entries(bodies).flatMap(([path, bodyOf]) =>
  [false, true].map((stream) => [path, stream, bodyOf] as const),
);

describe('a hit', () => {
  it.each(CASES)(
    'of %s says what was not spent, and reports the first usage (stream: %s)',
    async (path, stream, bodyOf) => {
      const body = bodyOf(`Once. ${path} ${stream} ${PADDING}`, stream);
      const miss = await ask(gateways.original, path, body);
      expect([miss.headers.get('x-tokens-saved'), miss.headers.get('x-cost-saved')]).toEqual([null, null]);
      // The second hit takes the fast path, which a body of Claude Code's size does not close.
      for (let round = 0; round < 3; round += 1) {
        const hit = await ask(gateways.original, path, body);
        expect(hit.headers.get('cache-status')).toContain('hit');
        expect(Number(hit.headers.get('x-tokens-saved'))).toBeGreaterThan(0);
        expect(hit.headers.get('x-cost-saved')).toMatch(/^0\.\d{6}$/);
        expect(hit.usage).toEqual(miss.usage);
      }
    },
  );

  it.each(CASES)(
    'of %s reports a usage of 0 with HIT_USAGE=zero (stream: %s)',
    async (path, stream, bodyOf) => {
      const body = bodyOf(`Zero. ${path} ${stream}`, stream);
      const miss = await ask(gateways.zero, path, body);
      expect(miss.usage['output_tokens']).toBeGreaterThan(0);
      for (let round = 0; round < 3; round += 1) {
        const hit = await ask(gateways.zero, path, body);
        expect([hit.usage['input_tokens'], hit.usage['output_tokens']]).toEqual([0, 0]);
        expect(Object.keys(hit.usage)).toEqual(Object.keys(miss.usage));
        expect(Number(hit.headers.get('x-tokens-saved'))).toBeGreaterThan(0);
      }
    },
  );
});

describe('a message on the fast path', () => {
  it('is another one for other betas, also if the body is the same', async () => {
    const body = bodies['/v1/messages']('[[api facts]]', false);
    const betas = ['one-2026-01-01', 'other-2026-01-01'];
    for (let round = 0; round < 3; round += 1) {
      for (const beta of betas) {
        const { text, headers } = await ask(gateways.original, '/v1/messages?beta=true', body, {
          'anthropic-beta': beta,
        });
        expect(text).toContain(beta);
        expect(headers.get('cache-status')).toContain(round === 0 ? 'fwd=miss' : 'hit');
        expect(headers.get('request-id')).toBeTruthy();
      }
    }
  });

  it('has a new id for each response', async () => {
    const body = bodies['/v1/messages']('Ids.', false);
    const ids = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      ids.add((JSON.parse((await ask(gateways.original, '/v1/messages', body)).text) as { id: string }).id);
    }
    expect(ids.size).toBe(4);
  });
});

const series = (kind: string, unit: string): RegExp =>
  new RegExp(
    `^gateway_${unit}_total\\{tenant="anonymous",model="claude-sonnet-5-5",kind="${kind}"\\} (.+)$`,
    'm',
  );

describe('tokens and money in /metrics', () => {
  it('are those spent and saved, by tenant and model', async () => {
    const metrics = await until(
      async () => {
        const text = await (await gateways.original.get('/metrics')).text();
        return series('saved', 'tokens').test(text) && text;
      },
      { what: 'the counters' },
    );
    for (const kind of ['spent', 'saved']) {
      for (const unit of ['tokens', 'cost_usd']) {
        expect(Number(series(kind, unit).exec(metrics)![1])).toBeGreaterThan(0);
      }
    }
  });
});
