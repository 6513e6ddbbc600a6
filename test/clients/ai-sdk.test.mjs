import { createAnthropic } from '@ai-sdk/anthropic';
import { generateText, Output, stepCountIs, streamText, tool } from 'ai';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { bothWays, servers } from './support/both-ways.mjs';
import { TEAM_KEY } from './support/gateway.mjs';
import { UPSTREAM_KEY } from './support/stand-in.mjs';

const all = servers();
const MODEL = 'claude-sonnet-5-5';

const modelOf = (url, apiKey) => createAnthropic({ baseURL: `${url}/v1`, apiKey })(MODEL);

const weather = tool({
  description: 'Weather of a city.',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('the Vercel AI SDK', () => {
  it('generates a text', async () => {
    const { result } = await bothWays(all, async (url, key, unique) => {
      const { text, usage, finishReason } = await generateText({
        model: modelOf(url, key),
        prompt: `[[say hello]] ${unique}`,
      });
      return { text, usage, finishReason };
    });
    assert.equal(result.text, 'hello');
  });

  it('streams a text', async () => {
    const { result } = await bothWays(all, async (url, key, unique) => {
      const stream = streamText({ model: modelOf(url, key), prompt: `[[say hello]] ${unique}` });
      return { text: await stream.text, usage: await stream.usage };
    });
    assert.equal(result.text, 'hello');
  });

  for (const mark of ['think', 'redacted', 'cite']) {
    it(`generates an answer with more than text: ${mark}`, () =>
      bothWays(all, async (url, key, unique) => {
        const { text, reasoningText } = await generateText({
          model: modelOf(url, key),
          prompt: `[[${mark}]] ${unique}`,
        });
        return { text, reasoningText };
      }));
  }

  it('runs a tool in two turns', async () => {
    const { result, calls } = await bothWays(all, async (url, key, unique) => {
      const { text, steps } = await generateText({
        model: modelOf(url, key),
        prompt: `[[tool weather {"city":"Paris"}]] ${unique}`,
        tools: { weather },
        stopWhen: stepCountIs(3),
      });
      return { text, steps: steps.length };
    });
    assert.deepEqual(result, { text: 'The tool said: sunny in Paris', steps: 2 });
    assert.equal(calls.length, 2);
  });

  it('gets a structured answer', async () => {
    const { result } = await bothWays(all, async (url, key, unique) => {
      const { output } = await generateText({
        model: modelOf(url, key),
        prompt: `[[format]] ${unique}`,
        output: Output.object({ schema: z.object({ city: z.string(), people: z.number() }) }),
      });
      return output;
    });
    assert.deepEqual(result, { city: 'Paris', people: 2_000_000 });
  });

  it('sends an image, and marks for the prompt cache', () =>
    bothWays(all, async (url, key, unique) => {
      const { text } = await generateText({
        model: modelOf(url, key),
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', image: Buffer.from(PIXEL, 'base64'), mediaType: 'image/png' },
              {
                type: 'text',
                text: `[[say a pixel]] ${unique}`,
                providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
              },
            ],
          },
        ],
      });
      return text;
    }));

  it('sends a document', () =>
    bothWays(all, async (url, key, unique) => {
      const file = {
        type: 'file',
        data: Buffer.from('%PDF-1.4'),
        mediaType: 'application/pdf',
        filename: 'a.pdf',
      };
      const content = [file, { type: 'text', text: `[[say a page]] ${unique}` }];
      return (await generateText({ model: modelOf(url, key), messages: [{ role: 'user', content }] })).text;
    }));

  for (const status of [400, 413, 429, 500, 529]) {
    it(`gets the API's own error: ${status}`, async () => {
      const failureOf = (url, key) =>
        generateText({ model: modelOf(url, key), prompt: `[[status ${status}]]`, maxRetries: 0 }).catch(
          ({ statusCode, message, isRetryable }) => ({ statusCode, message, isRetryable }),
        );
      const direct = await failureOf(all.api.url, UPSTREAM_KEY);
      assert.equal(direct.statusCode, status);
      assert.deepEqual(await failureOf(all.gateway.url, TEAM_KEY), direct);
    });
  }

  it('gets 401 for a wrong key', async () => {
    const options = { model: modelOf(all.gateway.url, 'wrong'), prompt: 'x', maxRetries: 0 };
    await assert.rejects(generateText(options), { statusCode: 401 });
  });

  for (const mark of ['break', 'fail']) {
    it(`never pays twice for an answer that broke off: ${mark}`, async () => {
      const stream = streamText({
        model: modelOf(all.gateway.url, TEAM_KEY),
        prompt: `[[${mark}]]`,
        onError: () => {},
      });
      const parts = [];
      for await (const { type } of stream.fullStream) parts.push(type);
      assert.ok(parts.includes('error'));
      assert.equal(all.api.calls.length, 1);
    });
  }
});
