import { spawn } from 'node:child_process';
import { dirname } from 'node:path';

/** Programs that npm has installed start the Node of this process. */
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
const LIMIT_MS = 240_000;
const LAST_LINES = 40;

/** Runs a command; rejects with the end of its output if it fails or does not end. */
export async function run(cwd, command, args, env = {}) {
  const child = spawn(command, args, { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve(code ?? signal));
  });
  clearTimeout(limit);
  if (status === 0) return output;
  const end = output.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  throw new Error(`${[command, ...args].join(' ')} ended with ${status} in ${cwd}:\n${end}`);
}

/** Runs a program of the folder's own node_modules. */
export const bin = (cwd, name, args, env) => run(cwd, `node_modules/.bin/${name}`, args, env);

/** Runs a file with the Node of this process. */
export const node = (cwd, args, env) => run(cwd, process.execPath, args, env);

/** The variables of npm that started this process would reach the npm that this process starts. */
export function environment(extra) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_|^INIT_CWD$|^NODE_OPTIONS$/i.test(name),
  );
  return { ...Object.fromEntries(inherited), PATH, ...extra };
}
