/**
 * Runs a node script, such as the built app, as a process of its own.
 *
 *   const app = spawnNode('apps/gateway/dist/main.js', { env: { PORT: '0', REDIS_URL: redis.url } });
 *   const line = await app.waitForLine(/listening on/i);
 *   app.signal('SIGTERM');
 *   const { code } = await app.exited;
 *
 * The environment is PATH plus what is given: a REDIS_URL of the developer's shell never leaks in.
 */
import { ManagedProcess } from './managed-process.js';

export interface SpawnNodeOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Flags for node itself, before the script. */
  readonly nodeArgs?: readonly string[];
  readonly cwd?: string;
}

/** `scriptPath` is relative to `cwd` (default: the current folder) or absolute. */
export function spawnNode(scriptPath: string, options: SpawnNodeOptions = {}): ManagedProcess {
  const { args = [], env = {}, nodeArgs = [], cwd } = options;
  return new ManagedProcess(process.execPath, [...nodeArgs, scriptPath, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    cwd,
  });
}
