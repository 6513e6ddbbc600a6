import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

let api: MessagesApi;
let gateway: Gateway;

const start = (env: Record<string, string> = {}): Promise<Gateway> =>
  startGateway({
    WORKER_EXECUTOR: 'anthropic',
    ANTHROPIC_MODEL: 'claude-haiku-4-5',
    ANTHROPIC_MAX_RETRIES: '0',
    ...api.env,
    ...env,
  });

beforeAll(async () => {
  api = await MessagesApi.start();
  gateway = await start({ ANTHROPIC_LOG: 'debug', LOG_LEVEL: 'debug' });
});

afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

beforeEach(() => {
  api.calls.length = 0;
});

describe('the gateway on the anthropic executor', () => {
  it('returns the completion and cost of the API, then the same from the cache', async () => {
    const body = { prompt: '[[api text forty-two]]', max_tokens: 100 };
    const first = await gateway.post('/v1/completions', body);
    const answer = { completion: 'forty-two', model: 'claude-haiku-4-5', stop_reason: 'end_turn' };
    const cost = expect.closeTo(92.25 / 1_000_000, 12);
    expect(await first.json()).toMatchObject({ ...answer, cost, cached: false, cost_saved: 0 });
    const second = await gateway.post('/v1/completions', { ...body, model: 'claude-haiku-4-5' });
    expect(await second.json()).toMatchObject({ ...answer, cost: 0, cached: true, cost_saved: cost });
    expect(api.calls).toHaveLength(1);
  });

  it.each(['refusal', 'max-tokens'])('never caches an answer that ends as %s', async (behaviour) => {
    for (let round = 1; round <= 2; round += 1) {
      const response = await gateway.post('/v1/completions', { prompt: `[[api ${behaviour}]]` });
      expect(await response.json()).toMatchObject({
        cached: false,
        stop_reason: behaviour.replace('-', '_'),
      });
      expect(api.calls).toHaveLength(round);
    }
  });

  it("never logs the key or a prompt, whatever the SDK's log settings are", async () => {
    for (const behaviour of ['text fine', 'invalid', 'broken', 'cut']) {
      await gateway.post('/v1/completions', { prompt: `[[api ${behaviour}]] my secret question` });
    }
    await gateway.stop();
    const said = gateway.process.stdout + gateway.process.stderr;
    expect([api.calls.length, said.includes('/v1/completions')]).toEqual([4, true]);
    expect(said).not.toContain(api.key);
    expect(said).not.toContain('secret question');
  });

  it('does not start with invalid settings, and names them', async () => {
    const wrong = { ANTHROPIC_API_KEY: '', ANTHROPIC_BASE_URL: 'nowhere', ANTHROPIC_MAX_RETRIES: 'often' };
    await Promise.all(
      Object.entries(wrong).map(([name, value]) => expect(start({ [name]: value })).rejects.toThrow(name)),
    );
  });
});
