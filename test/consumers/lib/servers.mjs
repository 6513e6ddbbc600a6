import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { environment } from './commands.mjs';

const LIMIT_MS = 30_000;

/** Starts `redis-server` on a free port. */
export async function startRedis() {
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'noeviction'];
  const server = await start('redis-server', args.map(String), {}, /Ready to accept connections/);
  return { url: `redis://127.0.0.1:${port}`, stop: server.stop };
}

/** Starts an application that prints its address. */
export async function startApplication(cwd, args, env) {
  const { line, stop: end } = await start(
    process.execPath,
    args,
    { cwd, env: environment(env) },
    /listening on (http\S+)/,
  );
  return { url: line[1].replace('[::1]', '127.0.0.1'), stop: end };
}

/** Resolves when the process has printed a line that matches. `stop` rejects if the process does not end by itself. */
async function start(command, args, options, pattern) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  const exited = once(child, 'exit');
  const line = await new Promise((resolve, reject) => {
    const fail = (why) =>
      reject(new Error(`${command} ${args.join(' ')} ${why}:\n${output.slice(-40).join('\n')}`));
    const limit = setTimeout(() => fail('does not become ready'), LIMIT_MS);
    child.once('error', reject).once('exit', () => fail('ended'));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (text) => {
        output.push(text);
        const match = pattern.exec(text);
        if (!match) return;
        clearTimeout(limit);
        resolve(match);
      });
    }
  });
  return { line, stop: () => endProcess(child, exited, output) };
}

async function endProcess(child, exited, output) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const [, signal] = await exited;
  clearTimeout(limit);
  if (signal === 'SIGKILL')
    throw new Error(`the process did not end after SIGTERM:\n${output.slice(-40).join('\n')}`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
