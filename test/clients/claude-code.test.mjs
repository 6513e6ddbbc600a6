import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertSameCalls, servers } from './support/both-ways.mjs';
import { claude, PROGRAMS, withFolders } from './support/claude-code.mjs';
import { TEAM_KEY } from './support/gateway.mjs';
import { MODELS, UPSTREAM_KEY } from './support/stand-in.mjs';

const all = servers();

const isMessage = ({ pathname }) => pathname === '/v1/messages';

function tryVersion(version) {
  const program = PROGRAMS[version];
  const run = (folders, url, key, prompt, options) =>
    claude(folders, url, key, prompt, { program, ...options });

  it('runs a tool, and a second run of the same is made of hits', () =>
    withFolders(async (folders) => {
      const prompt = `Run it with ${version}. [[tool Bash {"command":"echo hello-from-bash","description":"Say hello"}]]`;
      const args = ['--allowedTools', 'Bash'];
      const direct = await run(folders, all.api.url, UPSTREAM_KEY, prompt, { args });
      assert.equal(direct.result, 'The tool said: hello-from-bash');
      const expected = all.api.calls.filter(isMessage);
      assert.ok(expected.length >= 2);

      all.api.reset();
      const through = await run(folders, all.gateway.url, TEAM_KEY, prompt, { args });
      assert.deepEqual([through.result, through.exitCode], [direct.result, 0]);
      assertSameCalls(all.api.calls.filter(isMessage), expected);
      assert.match(all.api.calls[0].headers['anthropic-beta'], /claude-code-/);
      assert.equal(all.api.calls[0].headers['x-claude-code-session-id'], through.session_id);

      all.api.reset();
      const again = await run(folders, all.gateway.url, TEAM_KEY, prompt, { args });
      assert.deepEqual([again.result, again.exitCode], [direct.result, 0]);
      assert.notEqual(again.session_id, through.session_id);
      assert.equal(all.api.calls.filter(isMessage).length, 0);
    }));

  it('gets the price of the answers', () =>
    withFolders(async (folders) => {
      const direct = await run(folders, all.api.url, UPSTREAM_KEY, `[[say priced]] ${version}`);
      const through = await run(folders, all.gateway.url, TEAM_KEY, `[[say priced]] ${version}`);
      assert.equal(through.total_cost_usd, direct.total_cost_usd);
      assert.equal(through.result, 'priced');
    }));

  it('reports an error of the API with its words, after the attempts of the gateway alone', () =>
    withFolders(async (folders) => {
      const direct = await run(folders, all.api.url, UPSTREAM_KEY, '[[status 400]]');
      const calls = all.api.calls.filter(isMessage).length;
      all.api.reset();
      const failed = await run(folders, all.gateway.url, TEAM_KEY, '[[status 400]]');
      assert.equal(failed.result, direct.result);
      assert.equal(failed.is_error, true);
      assert.match(failed.result, /the API says 400/);
      assert.equal(failed.api_error_status, 400);
      assert.ok(all.api.calls.filter(isMessage).length <= calls);
    }));

  it('finds the models of the gateway', () =>
    withFolders(async (folders) => {
      const env = {
        CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '',
      };
      const response = await fetch(`${all.gateway.url}/v1/models?limit=1000`, {
        headers: { 'x-api-key': TEAM_KEY },
      });
      const { data } = await response.json();
      assert.deepEqual(
        data.map(({ id }) => id),
        MODELS.map(({ id }) => id),
      );
      assert.ok(data.every(({ display_name: name }) => typeof name === 'string'));
      const { result } = await run(folders, all.gateway.url, TEAM_KEY, '[[say found]]', { env });
      assert.equal(result, 'found');
    }));
}

for (const version of Object.keys(PROGRAMS)) describe(`Claude Code ${version}`, () => tryVersion(version));
