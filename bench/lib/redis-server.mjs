import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findServer } from '../../scripts/ensure-redis.mjs';

const REAPER = fileURLToPath(new URL('../../test/support/reaper.mjs', import.meta.url));
/** Below the ephemeral ports of operating systems; otherwise a client could connect to itself. */
const FIRST_PORT = 12_000;
const END_PORT = 32_000;
const END_TIMEOUT_MS = 3_000;

/** Returns the server binary and its version. */
export function redisBinary() {
  const found = findServer(process.env.PATH ?? '');
  if (found) return found;
  throw new Error(
    'No redis-server or valkey-server 7.0 or newer on the PATH; run: node scripts/ensure-redis.mjs',
  );
}

async function freePort() {
  const port = randomInt(FIRST_PORT, END_PORT);
  const probe = createServer();
  try {
    await once(probe.listen({ host: '127.0.0.1', port, exclusive: true }), 'listening');
  } catch {
    return freePort();
  }
  await once(probe.close(), 'close');
  return port;
}

async function untilReady(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('Ready to accept connections')) return child.stdout.resume();
  }
  throw new Error('redis-server ended before it was ready');
}

/** Kills the server even when this process is killed. */
function protect(pid) {
  const reaper = spawn(process.execPath, [REAPER], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  reaper.stdin.on('error', () => {});
  reaper.stdin.unref();
  reaper.unref();
  reaper.stdin.write(`+${pid}\n`);
  return () => reaper.stdin.end(`-${pid}\n`);
}

/** Starts a Redis on a free port of 127.0.0.1 that writes nothing to disk. */
export async function startRedis() {
  const { file } = redisBinary();
  const port = await freePort();
  const options = { port, bind: '127.0.0.1', dir: tmpdir(), save: '', appendonly: 'no' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  // Its own process group, because Ctrl-C would otherwise end it while its clients still run.
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const ended = once(child, 'exit');
  const release = protect(child.pid);
  await untilReady(child);
  return { url: `redis://127.0.0.1:${port}`, ...handleOf(child, ended, release) };
}

function handleOf(child, ended, release) {
  return {
    /** Stops the server's replies; its connections stay open. */
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async end() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const overdue = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
      await ended;
      clearTimeout(overdue);
      release();
    },
  };
}
