import { ChatAnthropic } from '@langchain/anthropic';
import { tool } from '@langchain/core/tools';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { bothWays, servers } from './support/both-ways.mjs';
import { TEAM_KEY } from './support/gateway.mjs';
import { UPSTREAM_KEY } from './support/stand-in.mjs';

const all = servers();

const chat = (anthropicApiUrl, apiKey, more = {}) =>
  new ChatAnthropic({
    model: 'claude-sonnet-5-5',
    maxTokens: 100,
    anthropicApiUrl,
    apiKey,
    maxRetries: 0,
    ...more,
  });

const weather = tool(async ({ city }) => `sunny in ${city}`, {
  name: 'weather',
  description: 'Weather of a city.',
  schema: z.object({ city: z.string() }),
});

describe("LangChain's ChatAnthropic", () => {
  it('gets a message', async () => {
    const { result } = await bothWays(all, async (url, key, unique) => {
      const { content, usage_metadata: usage } = await chat(url, key).invoke([
        new SystemMessage('Be brief.'),
        new HumanMessage(`[[say hello]] ${unique}`),
      ]);
      return { content, usage };
    });
    assert.equal(result.content, 'hello');
  });

  it('streams a message', async () => {
    const { result } = await bothWays(all, async (url, key, unique) => {
      let text = '';
      for await (const chunk of await chat(url, key).stream(`[[say hello]] ${unique}`)) text += chunk.text;
      return text;
    });
    assert.equal(result, 'hello');
  });

  it('runs a tool in two turns', async () => {
    const { result } = await bothWays(all, async (url, key, unique) => {
      const model = chat(url, key).bindTools([weather]);
      const question = new HumanMessage(`[[tool weather {"city":"Paris"}]] ${unique}`);
      const first = await model.invoke([question]);
      const [call] = first.tool_calls;
      const said = new ToolMessage({ content: await weather.invoke(call.args), tool_call_id: call.id });
      return (await model.invoke([question, first, said])).content;
    });
    assert.equal(result, 'The tool said: sunny in Paris');
  });

  it('gets a structured answer', async () => {
    const { result } = await bothWays(all, (url, key, unique) =>
      chat(url, key)
        .withStructuredOutput(z.object({ city: z.string(), people: z.number() }), { method: 'jsonSchema' })
        .invoke(`[[format]] ${unique}`),
    );
    assert.deepEqual(result, { city: 'Paris', people: 2_000_000 });
  });

  it('gets thinking', () =>
    bothWays(all, async (url, key, unique) => {
      const thinking = { type: 'adaptive' };
      return (await chat(url, key, { thinking, maxTokens: 2000 }).invoke(`[[think]] ${unique}`)).content;
    }));

  it('sends an image, a document, and marks for the prompt cache', () =>
    bothWays(all, async (url, key, unique) => {
      const content = [
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'A page.' } },
        { type: 'text', text: `[[say both]] ${unique}`, cache_control: { type: 'ephemeral' } },
      ];
      return (await chat(url, key).invoke([new HumanMessage({ content })])).content;
    }));

  for (const status of [400, 401, 413, 429, 500, 529]) {
    it(`gets the API's own error: ${status}`, async () => {
      const [direct, through] = await Promise.all(
        [
          [all.api.url, status === 401 ? 'wrong' : UPSTREAM_KEY],
          [all.gateway.url, status === 401 ? 'wrong' : TEAM_KEY],
        ].map(([url, key]) =>
          chat(url, key)
            .invoke(`[[status ${status}]]`)
            .catch(({ status: found, error }) => ({ status: found, type: error?.error?.type })),
        ),
      );
      assert.equal(direct.status, status);
      assert.deepEqual(through, direct);
    });
  }

  it('never pays twice for an answer that broke off', async () => {
    const model = chat(all.gateway.url, TEAM_KEY, { maxRetries: 2 });
    const read = async () => {
      let text = '';
      for await (const chunk of await model.stream('[[fail]]')) text += chunk.text;
      return text;
    };
    await assert.rejects(read());
    assert.equal(all.api.calls.length, 1);
  });
});
