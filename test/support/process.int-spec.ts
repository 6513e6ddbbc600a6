/** Self-test of the helpers around child processes and waiting. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ManagedProcess, spawnNode, until, within, type SpawnNodeOptions } from './index.js';

const STAY_ALIVE = 'setInterval(() => undefined, 1_000_000); console.log("up");';

let dir: string;
let scripts = 0;
const running: ManagedProcess[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spawn-test-'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => child.kill()));
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function run(code: string, options?: SpawnNodeOptions): Promise<ManagedProcess> {
  scripts += 1;
  const file = join(dir, `script-${scripts}.mjs`);
  await writeFile(file, code);
  const child = spawnNode(file, options);
  running.push(child);
  return child;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('spawnNode', () => {
  it('gives the script PATH and what was asked for, and nothing else', async () => {
    process.env['REDIS_URL'] = 'redis://leaked:6379';
    const child = await run('console.log(JSON.stringify([process.env, process.argv.slice(2)]));', {
      env: { PORT: '0' },
      args: ['--flag'],
    });
    delete process.env['REDIS_URL'];
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(JSON.parse(child.stdout)).toEqual([{ PATH: process.env['PATH'], PORT: '0' }, ['--flag']]);
  });

  it('collects stdout and stderr apart, and finds lines of both, past and future', async () => {
    const child = await run(`console.log('one'); console.error('two'); process.stdout.write('three');`);
    expect(await child.waitForLine(/^tw/)).toBe('two');
    expect(await child.waitForLine(/hre/)).toBe('three');
    await child.exited;
    expect(await child.waitForLine(/one/)).toBe('one');
    expect([child.stdout, child.stderr]).toEqual(['one\nthree', 'two']);
  });

  it('stops waiting for a line when the process ends or the time is over, and shows the output', async () => {
    const dead = await run('console.log("last words"); process.exitCode = 3;');
    await expect(dead.waitForLine(/never/)).rejects.toThrow(/ended before.*"code":3[^]*last words/);
    await expect(dead.waitForLine(/never/)).rejects.toThrow('ended before');
    const silent = await run(STAY_ALIVE);
    await silent.waitForLine(/up/);
    await expect(silent.waitForLine(/never/, 50)).rejects.toThrow(/no line that matches.*50 ms[^]*up/);
  });

  it('ends politely with SIGTERM, even when frozen', async () => {
    const child = await run(`process.on('SIGTERM', () => process.exit(7)); ${STAY_ALIVE}`);
    await child.waitForLine(/up/);
    child.signal('SIGSTOP');
    expect(await child.stop()).toEqual({ code: 7, signal: null });
    expect(child.exitStatus).toEqual({ code: 7, signal: null });
  });

  it('kills what ignores SIGTERM once the grace time is over', async () => {
    const child = await run(`process.on('SIGTERM', () => console.log('no')); ${STAY_ALIVE}`);
    await child.waitForLine(/up/);
    expect(await child.stop(200)).toEqual({ code: null, signal: 'SIGKILL' });
    expect(child.stdout).toContain('no');
  });

  it('has ended even if a grandchild still holds its output', async () => {
    const child = await run(`
      import { spawn } from 'node:child_process';
      const options = { stdio: ['ignore', 'inherit', 'inherit'], detached: true };
      const grandchild = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)'], options);
      console.log('grandchild', grandchild.pid);
      grandchild.unref();
    `);
    const line = await child.waitForLine(/grandchild/);
    const pid = Number(line.split(' ')[1]);
    try {
      expect((await within(child.exited, { what: 'the exit' })).code).toBe(0);
      expect(isAlive(pid)).toBe(true);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('reports a command that does not exist', async () => {
    const child = new ManagedProcess(join(dir, 'missing'), [], { env: {} });
    await expect(child.waitForLine(/anything/)).rejects.toThrow('ENOENT');
    expect(() => child.pid).toThrow('ENOENT');
    await child.stop();
  });
});

describe('the reaper', () => {
  it('kills what its dead owner left behind, and spares what had been released', async () => {
    const [left, released] = await Promise.all([run(STAY_ALIVE), run(STAY_ALIVE)]);
    await Promise.all([left.waitForLine(/up/), released.waitForLine(/up/)]);
    const reaper = spawn(process.execPath, [join(import.meta.dirname, 'reaper.mjs')]);
    reaper.stdin.end(`+${left.pid}\n+${released.pid}\n-${released.pid}\n`);
    await once(reaper, 'close');
    expect(await left.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(isAlive(released.pid)).toBe(true);
  });
});

describe('until', () => {
  it('returns the first truthy result, and takes an error for "not yet"', async () => {
    let looks = 0;
    const answer = await until(
      () => {
        looks += 1;
        if (looks === 1) throw new Error('too early');
        return looks > 2 && `look ${looks}`;
      },
      { what: 'the third look', everyMs: 1 },
    );
    expect(answer).toBe('look 3');
  });

  it('says what it waited for, and why it was in vain', async () => {
    const cause = new Error('still closed');
    const never = until(() => Promise.reject(cause), { what: 'the door', timeoutMs: 30, everyMs: 1 });
    await expect(never).rejects.toThrow(
      expect.objectContaining({ message: expect.stringMatching(/30 ms.*the door/), cause }),
    );
  });

  it('gives up on a question that is never answered', async () => {
    const hung = until(() => new Promise<boolean>(() => undefined), { what: 'an echo', timeoutMs: 30 });
    await expect(hung).rejects.toThrow('an echo');
  });
});

describe('within', () => {
  it('passes on the outcome, value or error, and gives up when time is over', async () => {
    expect(await within(Promise.resolve(1), { what: 'one' })).toBe(1);
    await expect(within(Promise.reject(new Error('no')), { what: 'one' })).rejects.toThrow('no');
    const never = new Promise(() => undefined);
    await expect(within(never, { what: 'an answer', timeoutMs: 20 })).rejects.toThrow(
      '20 ms in vain for an answer',
    );
  });
});
