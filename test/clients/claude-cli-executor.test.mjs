/** The real CLI behind the `claude-cli` executor, over the stand-in. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { PROGRAM } from './support/claude-code.mjs';
import { startGateway, TEAM_KEY } from './support/gateway.mjs';
import { StandIn } from './support/stand-in.mjs';

let api;
let home;
let gateway;

before(async () => {
  api = await StandIn.start();
  home = await mkdtemp(join(tmpdir(), 'clients-cli-'));
  gateway = await startCliGateway();
});

after(async () => {
  await gateway?.stop();
  await api?.stop();
  await rm(home, { recursive: true, force: true, maxRetries: 3 });
});

beforeEach(() => api.reset());

const startCliGateway = () =>
  startGateway(api, { WORKER_EXECUTOR: 'claude-cli', CLAUDE_CLI_PATH: PROGRAM, CLAUDE_CLI_HOME: home });

const headers = { 'content-type': 'application/json', 'x-api-key': TEAM_KEY };
const post = (path, body, url = gateway.url) =>
  fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });

/** The status of a request, its headers and its body. */
async function complete(prompt, more = {}, url = gateway.url) {
  const response = await post('/v1/completions', { prompt, ...more }, url);
  return { status: response.status, headers: response.headers, ...(await response.json()) };
}

/** What reached the model of a call: everything but the ids of the session and the device. */
const reached = ({ body: { metadata: _, ...body }, headers: sent }) => ({
  body,
  beta: sent['anthropic-beta'],
});
const promptOf = ({ body }) => body.messages[0].content.map(({ text }) => text).join('');

describe('the claude-cli executor', () => {
  it('asks the model once, and serves the second request from the cache', async () => {
    const first = await complete('[[say forty-two]]', { system: 'Be brief.', max_tokens: 50 });
    assert.deepEqual([first.status, first.completion, first.stop_reason], [200, 'forty-two', 'end_turn']);
    assert.deepEqual(first.usage, { input_tokens: 131, output_tokens: 7 });
    assert.ok(first.cost > 0);
    const second = await complete('[[say forty-two]]', { system: 'Be brief.', max_tokens: 50 });
    assert.deepEqual([second.cached, second.completion], [true, 'forty-two']);
    assert.equal(api.calls.length, 1);
    const { system, max_tokens: limit, thinking, tools } = api.calls[0].body;
    assert.equal(system.at(-1).text, 'Be brief.');
    assert.deepEqual([limit, thinking, tools], [50, undefined, []]);
  });

  it('takes all of an answer in several parts', async () => {
    const { completion } = await complete('[[cite]]');
    assert.equal(completion, 'It says hello.');
  });

  for (const [mark, completion, reason] of [
    ['cut', 'An answer that', 'max_tokens'],
    ['refuse', 'I cannot.', 'refusal'],
  ]) {
    it(`ends an answer as ${reason} without asking again, and keeps nothing`, async () => {
      for (const calls of [1, 2]) {
        const answer = await complete(`[[${mark}]]`, { max_tokens: 50 });
        assert.deepEqual(
          [answer.status, answer.cached, answer.completion, answer.stop_reason],
          [200, false, completion, reason],
        );
        assert.ok(answer.cost > 0);
        assert.equal(api.calls.length, calls);
      }
    });
  }

  for (const prompt of [
    '/cost',
    '/help',
    '/foo bar',
    '/clear\n\nand more',
    '!ls',
    '# note',
    '@/etc/passwd',
  ]) {
    it(`passes ${JSON.stringify(prompt)} to the model as text`, async () => {
      const answer = await complete(prompt);
      assert.deepEqual([answer.status, answer.completion], [200, 'The answer.']);
      assert.equal(api.calls.length, 1);
      assert.equal(promptOf(api.calls[0]), prompt.startsWith('/') ? `\n${prompt}` : prompt);
    });
  }

  for (const [status, expected, retry] of [
    [401, 502, 'false'],
    [403, 502, 'false'],
    [429, 429, null],
    [500, 500, null],
    [529, 529, null],
  ]) {
    it(`fails at once with the status of the API: ${status}`, async () => {
      const body = {
        model: 'sonnet',
        max_tokens: 50,
        messages: [{ role: 'user', content: `[[status ${status}]]` }],
      };
      const response = await post('/v1/messages', body);
      assert.equal(response.status, expected);
      assert.equal(response.headers.get('x-should-retry'), retry);
      assert.equal(api.calls.length, 1);
    });
  }

  for (const mark of ['break', 'fail']) {
    it(`fails for good when an answer breaks off, because it may have been paid for: ${mark}`, async () => {
      const body = { model: 'sonnet', max_tokens: 50, messages: [{ role: 'user', content: `[[${mark}]]` }] };
      const response = await post('/v1/messages', body);
      assert.ok(response.status >= 500);
      assert.equal(response.headers.get('x-should-retry'), 'false');
      assert.equal(api.calls.length, 1);
    });
  }

  it('streams the events of the API, to the end of a truncated answer', async () => {
    for (const [mark, reason] of [
      ['say streamed', 'end_turn'],
      ['cut', 'max_tokens'],
    ]) {
      const messages = [{ role: 'user', content: `[[${mark}]] as a stream` }];
      const response = await post('/v1/messages', {
        model: 'sonnet',
        max_tokens: 50,
        stream: true,
        messages,
      });
      const events = (await response.text()).match(/(?<=^data: ).*$/gm).map((data) => JSON.parse(data));
      assert.equal(events[0].type, 'message_start');
      assert.equal(events.find(({ type }) => type === 'message_delta').delta.stop_reason, reason);
      assert.equal(events.at(-1).type, 'message_stop');
    }
  });

  it('sends the same to the model for the same request, from any process', async () => {
    const requests = [{}, { system: 'Be brief.' }, { system: 'Be brief.', max_tokens: 50, model: 'haiku' }];
    for (const more of requests) await complete('[[say same]]', more);
    const expected = api.calls.map(reached);
    api.reset();
    const other = await startCliGateway();
    for (const more of requests) await complete('[[say same]]', more, other.url);
    await other.stop();
    assert.deepEqual(api.calls.map(reached), expected);
    assert.equal(expected.length, requests.length);
    const sent = JSON.stringify(expected);
    for (const detail of [tmpdir(), 'OS Version', new Date().toISOString().slice(0, 10)]) {
      assert.ok(!sent.includes(detail), `${detail} does not reach the model`);
    }
  });
});
