import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';
import { startGateway, TEAM_KEY } from './gateway.mjs';
import { StandIn, UPSTREAM_KEY } from './stand-in.mjs';

/** Starts the stand-in and a gateway over it for a test file. The fields are set when the tests run. */
export function servers(env) {
  const all = {};
  before(async () => {
    all.api = await StandIn.start();
    all.gateway = await startGateway(all.api, env);
  });
  after(async () => {
    await all.gateway?.stop();
    await all.api?.stop();
    // A client may leave a timer behind, which would keep the process alive for minutes.
    setTimeout(() => process.exit(), 5_000).unref();
  });
  beforeEach(() => {
    all.api.reset();
    all.api.threads = false;
  });
  return all;
}

let runs = 0;

/**
 * Runs a client directly on the API, then through the gateway, then through the gateway again. Checks that the API received
 * the same bodies and headers both times, that the client got the same, and that the third run was made of hits alone.
 *
 * @param run gets a base URL, a key, and a text that makes its requests different from those of any other test
 * @param options.hits `false` if nothing of it may be cached
 * @returns what the client got, and the calls of the direct run
 */
export async function bothWays({ api, gateway }, run, { hits = true } = {}) {
  runs += 1;
  const unique = `run ${runs}`;
  api.reset();
  const direct = await run(api.url, UPSTREAM_KEY, unique);
  const expected = [...api.calls];
  assert.ok(expected.length > 0, 'the client called the API');
  api.reset();
  const through = await run(gateway.url, TEAM_KEY, unique);
  assertSameCalls(api.calls, expected);
  assert.deepEqual(withoutIds(through), withoutIds(direct), 'the client gets the same');
  api.reset();
  const again = await run(gateway.url, TEAM_KEY, unique);
  if (hits) {
    assert.equal(api.calls.filter(isCompletion).length, 0, 'a second run is made of hits');
    assert.deepEqual(withoutIds(again), withoutIds(direct), 'and the client gets the same again');
  } else {
    assert.equal(api.calls.length, expected.length, 'a second run is computed again');
  }
  return { result: through, calls: expected };
}

/** Whether a call is for a message. A thread is refused and never cached, so that each run asks for it again. */
const isCompletion = ({ pathname, body }) => pathname === '/v1/messages' && !body.thread;

/** Checks that the API received the same, with the same bytes. */
export function assertSameCalls(actual, expected) {
  assert.equal(actual.length, expected.length, 'as many calls reach the API');
  for (const [index, call] of expected.entries()) assertSameCall(actual[index], call);
}

/** The bytes are the same, except that the gateway always streams and says so at the end. */
function assertSameCall(actual, expected) {
  assert.equal(actual.pathname, expected.pathname);
  for (const name of ['anthropic-version', 'anthropic-beta', 'content-type']) {
    assert.equal(actual.headers[name], expected.headers[name], `the header ${name}`);
  }
  assert.equal(masked(actual.raw.toString()), masked(sentBodyOf(expected)), 'the body, byte for byte');
}

function sentBodyOf({ pathname, raw }) {
  if (pathname !== '/v1/messages') return raw.toString();
  const { stream: _, ...body } = JSON.parse(raw);
  return JSON.stringify({ ...body, stream: true });
}

/** Ids of messages and of runs, which differ by design. */
function masked(text) {
  return text
    .replace(/toolu_\d+/g, 'toolu')
    .replace(/\\"session_id\\":\\"[^"\\]+\\"/g, 'session')
    .replace(/\\"device_id\\":\\"[^"\\]+\\"/g, 'device');
}

function withoutIds(value) {
  return JSON.parse(
    JSON.stringify(value ?? null)
      .replace(/msg_[0-9a-f]+/g, 'msg')
      .replace(/toolu_\d+/g, 'toolu')
      .replace(/thread_\d+/g, 'thread')
      .replace(/req_[0-9a-zA-Z_-]+/g, 'req'),
  );
}
