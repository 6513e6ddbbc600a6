import { createSdkMcpServer, query, tool } from '@anthropic-ai/claude-agent-sdk';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { assertSameCalls, servers } from './support/both-ways.mjs';
import { claudeEnvironment, withFolders } from './support/claude-code.mjs';
import { TEAM_KEY } from './support/gateway.mjs';
import { UPSTREAM_KEY } from './support/stand-in.mjs';

const all = servers();
const isMessage = ({ pathname }) => pathname === '/v1/messages';

const weather = tool('weather', 'Weather of a city.', { city: z.string() }, async ({ city }) => ({
  content: [{ type: 'text', text: `sunny in ${city}` }],
}));

/** Runs an agent with a tool of this process, and returns its result. */
async function run({ home, cwd }, url, key) {
  const options = {
    cwd,
    env: claudeEnvironment(home, url, key),
    model: 'claude-sonnet-5-5',
    systemPrompt: 'You know the weather.',
    mcpServers: { team: createSdkMcpServer({ name: 'team', version: '1.0.0', tools: [weather] }) },
    allowedTools: ['mcp__team__weather'],
    settingSources: [],
  };
  const prompt = 'Weather? [[tool mcp__team__weather {"city":"Paris"}]]';
  for await (const message of query({ prompt, options })) {
    if (message.type === 'result') return message;
  }
  throw new Error('the agent ended without a result');
}

describe('the Claude Agent SDK', () => {
  it('runs an agent with a tool, and a second run of the same is made of hits', () =>
    withFolders(async (folders) => {
      const direct = await run(folders, all.api.url, UPSTREAM_KEY);
      assert.match(direct.result, /The tool said: sunny in Paris/);
      const expected = all.api.calls.filter(isMessage);
      all.api.reset();
      const through = await run(folders, all.gateway.url, TEAM_KEY);
      assert.equal(through.result, direct.result);
      assertSameCalls(all.api.calls.filter(isMessage), expected);
      all.api.reset();
      assert.equal((await run(folders, all.gateway.url, TEAM_KEY)).result, direct.result);
      assert.equal(all.api.calls.filter(isMessage).length, 0);
    }));
});
