import { resolve } from 'node:path';
import { type ManagedProcess, type MessagesApi, spawnNode } from '@test/support/index.js';

const MAIN = resolve('apps/gateway/dist/main.js');

/** The built gateway as a process of its own, on a free port. */
export interface Gateway {
  readonly url: string;
  readonly process: ManagedProcess;
  post(path: string, body: unknown): Promise<Response>;
  get(path: string): Promise<Response>;
  delete(path: string): Promise<Response>;
  stop(): Promise<void>;
}

/** What tests want of every gateway: a free port, a quick end, and a deadline that a machine that pauses can keep. */
const DEFAULTS = {
  PORT: '0',
  SHUTDOWN_GRACE_MS: '0',
  NO_COLOR: '1',
  REDIS_COMMAND_TIMEOUT_MS: '10000',
};

/** Starts the gateway and waits until it listens. Nothing of the caller's environment leaks in. */
export function startGateway(env: Record<string, string> = {}): Promise<Gateway> {
  return startServer(MAIN, { ...DEFAULTS, ...env });
}

/** Settings of a gateway over the stand-in for the API, with one attempt for each request and one tenant, `team`. */
export function overApi(api: MessagesApi, key: string): Record<string, string> {
  return { WORKER_EXECUTOR: 'anthropic', ANTHROPIC_MAX_RETRIES: '0', API_KEYS: `team:${key}`, ...api.env };
}

/** Starts a built server that prints `Listening on <url>`, and waits for that line. */
export async function startServer(main: string, env: Record<string, string>): Promise<Gateway> {
  const process = spawnNode(main, { env });
  const line = await process.waitForLine(/^Listening on (http:\S+)/);
  const url = line.replace(/^Listening on /, '').trim();
  return {
    url,
    process,
    post: (path, body) => fetch(url + path, jsonPost(body)),
    get: (path) => fetch(url + path),
    delete: (path) => fetch(url + path, { method: 'DELETE' }),
    stop: async () => void (await process.stop()),
  };
}

/** A JSON request; a string is sent as it is, so that a test can send what is no JSON. */
export function jsonPost(body: unknown): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}
