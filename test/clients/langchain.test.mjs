import { ChatAnthropic } from '@langchain/anthropic';
import { tool } from '@langchain/core/tools';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { bothWays, servers } from './support/both-ways.mjs';

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
});
