import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ensureServer } from '../../../scripts/ensure-redis.mjs';
import { environment } from './commands.mjs';

/** Limits for a machine that is busy; nothing is expected to take that long. */
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 60_000;
const LAST_LINES = 40;
const ATTEMPTS = 10;
/** Below the range that systems take for outgoing connections. */
const FIRST_PORT = 12_000;
const LAST_PORT = 32_000;
const TAKEN = /Address already in use/;

/** Processes that have not ended, each with the function that kills it. */
const running = new Set();

/** Starts a Redis server on a free port: another program may take a port before Redis does, which then takes the next. */
export async function startRedis() {
  const { file } = ensureServer(process.env.PATH);
  for (let attempt = 1; ; attempt += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'noeviction'];
    try {
      const server = await start(file, args.map(String), {}, /Ready to accept connections/);
      return { url: `redis://127.0.0.1:${port}`, stop: server.stop };
    } catch (error) {
      if (attempt === ATTEMPTS || !TAKEN.test(error.message)) throw error;
    }
  }
}

/** Starts an application that prints its address, with the Node of this process or another. */
export async function startApplication(cwd, args, env, program = process.execPath) {
  const options = { cwd, env: environment(env) };
  const { line, stop } = await start(program, args, options, /listening on (http\S+)/);
  return { url: line[1].replace('[::1]', '127.0.0.1'), stop };
}

/** Ends what a failed step has left running. */
export async function killAll() {
  await Promise.all([...running].map((kill) => kill()));
}

/** Resolves when the process has printed a line that matches. `stop` rejects if the process does not end by itself. */
async function start(command, args, options, pattern) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const output = [];
  const kill = async () => {
    child.kill('SIGKILL');
    await closed;
  };
  running.add(kill);
  closed.finally(() => running.delete(kill)).catch(() => undefined);
  const line = await matchingLine(child, closed, output, pattern).catch((error) => {
    const end = output.slice(-LAST_LINES).join('\n');
    throw new Error(`${[command, ...args].join(' ')} ${error.message}:\n${end}`, { cause: error });
  });
  return { line, stop: () => endProcess(child, closed, output) };
}

function matchingLine(child, closed, output, pattern) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('does not become ready')), START_LIMIT_MS);
    const settle = (action, value) => {
      clearTimeout(limit);
      action(value);
    };
    closed.then(
      () => settle(reject, new Error('ended')),
      (error) => settle(reject, error),
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (text) => {
        output.push(text);
        const match = pattern.exec(text);
        if (match) settle(resolve, match);
      });
    }
  });
}

async function endProcess(child, closed, output) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  const [, signal] = await closed;
  clearTimeout(limit);
  if (signal === 'SIGKILL')
    throw new Error(`the process did not end after SIGTERM:\n${output.slice(-LAST_LINES).join('\n')}`);
}
