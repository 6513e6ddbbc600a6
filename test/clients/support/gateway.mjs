import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UPSTREAM_KEY } from './stand-in.mjs';

const MAIN = fileURLToPath(new URL('../../../apps/gateway/dist/main.js', import.meta.url));

/** The key that clients of the gateway present. */
export const TEAM_KEY = 'team-key-0123456789abcdef';

/**
 * Starts the built gateway over an upstream, with nothing of this process's environment.
 *
 * @returns its `url`, its `log` lines so far, and `stop`
 */
export async function startGateway(api, env = {}) {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      NO_COLOR: '1',
      PORT: '0',
      SHUTDOWN_GRACE_MS: '0',
      WORKER_EXECUTOR: 'anthropic',
      ANTHROPIC_BASE_URL: api.url,
      ANTHROPIC_API_KEY: UPSTREAM_KEY,
      API_KEYS: `team:${TEAM_KEY}`,
      RATE_LIMIT_PER_MINUTE: '0',
      ...env,
    },
  });
  const ended = once(child, 'exit');
  const log = [];
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(line);
      const found = /^Listening on (http:\S+)/.exec(line)?.[1];
      if (found) resolve(found);
    });
    ended.then(() => reject(new Error(`the gateway ended before it listened: ${log.join('\n')}`)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, log, stop };
}
