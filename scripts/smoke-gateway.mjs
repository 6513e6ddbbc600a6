/**
 * Starts the gateway with the README's command on a free port and sends one request twice: the first must be computed, the
 * second must come from the cache. Exits with 1 otherwise.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_TIMEOUT_MS = 120_000;
const PROMPT = 'A gateway has to start. It has to answer a question. The second answer comes from the cache.';

// Its own process group: npm runs the gateway as a child, and a signal must reach both.
const npm = spawn('npm', ['start'], {
  detached: true,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, PORT: '0', SHUTDOWN_GRACE_MS: '0' },
});
const ended = once(npm, 'exit');

async function listeningUrl() {
  for await (const line of createInterface({ input: npm.stdout })) {
    console.log(line);
    const url = /^Listening on (http:\S+)/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error('The gateway ended before it listened.');
}

async function cacheStatus(url) {
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: PROMPT }),
  });
  const body = await response.json();
  console.log(response.status, response.headers.get('cache-status'), JSON.stringify(body));
  if (response.status !== 200 || !body.completion) throw new Error('The gateway returned no completion.');
  return response.headers.get('cache-status') ?? '';
}

const overdue = setTimeout(() => process.kill(-npm.pid, 'SIGKILL'), START_TIMEOUT_MS);
try {
  const url = await listeningUrl();
  npm.stdout.resume();
  const first = await cacheStatus(url);
  const second = await cacheStatus(url);
  if (!first.includes('fwd=miss; stored')) throw new Error(`The first completion was not stored: ${first}`);
  if (!second.includes('; hit')) throw new Error(`The second request was not a hit: ${second}`);
} finally {
  clearTimeout(overdue);
  process.kill(-npm.pid, 'SIGTERM');
  await ended;
}
