import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const GATEWAY = pathOf('../../apps/gateway/dist/main.js');
const PACKAGE = pathOf('../../apps/gateway/package.json');
const BARE = pathOf('./bare-app.mjs');
const LOAD = pathOf('./load-process.mjs');
const WORKER = pathOf('../../apps/gateway/dist/worker.js');
const UPSTREAM = pathOf('./upstream.mjs');
const PROXY = pathOf('./proxy-app.mjs');
const STREAM_LOAD = pathOf('./stream-load.mjs');
const LISTENING = /^Listening on (\S+)/;
const WORKING = /^Working: /;
const END_TIMEOUT_MS = 5_000;

/** Starts the built gateway with its defaults: log, metrics and guards are on. */
export function startGateway(env) {
  return startServer([GATEWAY], { PORT: '0', SHUTDOWN_GRACE_MS: '0', SHUTDOWN_DRAIN_MS: '0', ...env });
}

/** Starts a bare application that sends the same body. */
export async function startBare(body) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-bare-'));
  const file = join(folder, 'body.json');
  writeFileSync(file, body);
  const server = await startServer([BARE, file, PACKAGE], {});
  rmSync(folder, { recursive: true });
  return server;
}

/** Starts the stand-in for the Messages API. */
export function startUpstream() {
  return startServer([UPSTREAM], {});
}

/** Starts a bare application that pipes the upstream's bytes. */
export function startProxy(upstream) {
  return startServer([PROXY, upstream, PACKAGE], {});
}

/** Starts a worker process of the gateway. */
export function startWorker(env) {
  return startServer([WORKER], { SHUTDOWN_GRACE_MS: '0', SHUTDOWN_DRAIN_MS: '0', ...env }, WORKING);
}

async function startServer(args, env, ready = LISTENING) {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [found, url] = ready.exec(line) ?? [];
    // Its log is read and discarded, because a full pipe would stop the gateway.
    if (found) return { url, ...handleOf(child), drain: child.stdout.resume() };
  }
  throw new Error('A server ended before it was ready');
}

/** Starts the load generator. */
export function startLoad() {
  return startGenerator(LOAD);
}

/** Starts the reader of event streams. */
export function startStreamLoad() {
  return startGenerator(STREAM_LOAD);
}

function startGenerator(file) {
  const child = fork(file, { stdio: 'inherit' });
  return {
    ...handleOf(child),
    async measure(order) {
      child.send(order);
      const [{ answer, problem }] = await once(child, 'message');
      if (problem) throw new Error(problem);
      return answer;
    },
  };
}

function handleOf(child) {
  const ended = once(child, 'exit');
  return {
    kill: () => child.kill('SIGKILL'),
    async end() {
      child.kill('SIGTERM');
      const overdue = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
      await ended;
      clearTimeout(overdue);
    },
  };
}

/** Sends one request and returns the body; prepares entries before a measurement. */
export async function ask(url, body, path = '/v1/completions') {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(`The gateway returned ${response.status}: ${await response.text()}`);
  return response.text();
}
