import { getEventListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProcessRunner } from '../../libs/worker-pool/dist/core/process/process-runner.js';
import type { ProcessSpec } from '../../libs/worker-pool/dist/core/process/process-run.js';
import { spawnNode, until } from '@test/support/index.js';
import { pidsFrom, runs } from './processes.js';

const LONG_MS = 60_000;

// Runs in the child before each script: writes process ids to a file atomically.
const TELL = `
const fs = require('node:fs');
const tell = (pids) => {
  fs.writeFileSync('pids.part', JSON.stringify(pids));
  fs.renameSync('pids.part', 'pids.json');
};`;
// Ends by itself eventually, so that a failed test leaves nothing behind.
const DEAF = `process.on('SIGTERM', () => {}); setTimeout(() => {}, 120_000);`;
// A grandchild that ignores SIGTERM and keeps the pipes of its parent open; it reports when it is ready.
const DEAF_GRANDCHILD = `
${TELL}
const { spawn } = require('node:child_process');
const script = ${JSON.stringify(`${TELL}${DEAF} tell({ parent: process.ppid, grandchild: process.pid });`)};
const grandchild = spawn(process.execPath, ['-e', script], { stdio: 'inherit' });`;

describe('ProcessRunner', () => {
  let folder: string;
  let runner: ProcessRunner;
  const signal = new AbortController().signal;

  const node = (script: string, patch: Partial<ProcessSpec> = {}): ProcessSpec => ({
    executable: process.execPath,
    args: ['-e', script],
    cwd: folder,
    env: {},
    stdin: '',
    wallTimeoutMs: LONG_MS,
    idleTimeoutMs: LONG_MS,
    maxOutputBytes: 1_000_000,
    killGraceMs: LONG_MS,
    ...patch,
  });
  const pids = (): Promise<Record<string, number>> => pidsFrom(join(folder, 'pids.json'));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'process-runner-'));
    runner = new ProcessRunner();
  });

  afterEach(async () => {
    await runner.close();
    await rm(folder, { recursive: true });
  });

  it('passes input and environment, and returns output and exit code', async () => {
    const script = `
      process.stdin.on('data', (data) => process.stdout.write('read ' + data));
      process.stdin.on('end', () => { console.error(JSON.stringify(process.env)); process.exitCode = 7; });`;
    const output = await runner.run(node(script, { stdin: 'größer', env: { ONLY: 'this' } }), signal);
    expect(output).toMatchObject({ stdout: 'read größer', exitCode: 7, signal: null });
    expect(JSON.parse(output.stderr)).toEqual({ ONLY: 'this' });
  });

  it('leaves no listener on the signal', async () => {
    const controller = new AbortController();
    await runner.run(node(''), controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('passes arguments unchanged, without a shell', async () => {
    const args = ['$(touch made)', '; exit 3', '`id`', '', '*'];
    const script = 'console.log(JSON.stringify(process.argv.slice(1)))';
    const output = await runner.run(node(script, { args: ['-e', script, '--', ...args] }), signal);
    expect(JSON.parse(output.stdout)).toEqual(args);
  });

  it('decodes a character that arrives in two chunks', async () => {
    const script = `
      process.stdout.write(Buffer.from([0xe2, 0x82]), () => setTimeout(() => process.stdout.write(Buffer.from([0xac])), 20));`;
    await expect(runner.run(node(script), signal)).resolves.toMatchObject({ stdout: '€' });
  });

  it('accepts a process that does not read its input', async () => {
    const script = `require('node:fs').closeSync(0); console.log('done');`;
    const output = await runner.run(node(script, { stdin: 'x'.repeat(5_000_000) }), signal);
    expect(output).toMatchObject({ stdout: 'done\n', exitCode: 0 });
  });

  it('reports the signal that ended the process', async () => {
    const output = await runner.run(node(`process.kill(process.pid, 'SIGKILL')`), signal);
    expect(output).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it.each([
    ['that does not exist', 'no-such-program-here', 'ENOENT'],
    ['that is no program', tmpdir(), 'EACCES'],
  ])('names an executable %s', async (_name, executable, code) => {
    await expect(runner.run(node('', { executable }), signal)).rejects.toMatchObject({
      code: 'ERR_PROCESS_START',
      message: `the program of the executor cannot be started (${code})`,
      logDetail: executable,
    });
  });

  it('reports an argument that cannot be passed', async () => {
    await expect(runner.run(node('', { args: ['a\0b'] }), signal)).rejects.toMatchObject({
      code: 'ERR_PROCESS_START',
    });
  });

  it('ends a process that runs too long', async () => {
    const run = runner.run(node(`setInterval(() => console.log('busy'), 5)`, { wallTimeoutMs: 300 }), signal);
    await expect(run).rejects.toMatchObject({ code: 'ERR_PROCESS_TIMEOUT', kind: 'wall', timeoutMs: 300 });
  });

  it('ends a process that writes nothing for too long', async () => {
    const run = runner.run(node(`setInterval(() => {}, 1_000)`, { idleTimeoutMs: 300 }), signal);
    await expect(run).rejects.toMatchObject({ code: 'ERR_PROCESS_TIMEOUT', kind: 'idle', timeoutMs: 300 });
  });

  it('accepts a slow process that writes, and clears the timers at its end', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'performance', 'queueMicrotask', 'setImmediate'] });
    try {
      // More than the capacity of a pipe: after the write, some of it has been read.
      const script = `
        ${TELL}
        const poll = (file, then) => fs.existsSync(file) ? then() : setTimeout(poll, 5, file, then);
        poll('write', () => process.stdout.write('x'.repeat(500_000), () => {
          tell({ child: process.pid });
          poll('end', () => {});
        }));`;
      const run = runner.run(node(script, { idleTimeoutMs: 1_000 }), signal);
      await until(() => jest.getTimerCount(), { what: 'the clocks to start' });
      jest.advanceTimersByTime(900);
      await writeFile(join(folder, 'write'), '');
      await pids();
      jest.advanceTimersByTime(900);
      await writeFile(join(folder, 'end'), '');
      await expect(run).resolves.toMatchObject({ exitCode: 0 });
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it.each(['stdout', 'stderr'] as const)('ends a process that never stops writing to %s', async (stream) => {
    const script = `
      ${TELL} tell({ child: process.pid });
      const write = () => process.${stream}.write('x'.repeat(65_536), () => setImmediate(write));
      write();`;
    const run = runner.run(node(script, { maxOutputBytes: 200_000 }), signal);
    await expect(run).rejects.toMatchObject({ code: 'ERR_PROCESS_OUTPUT_LIMIT', stream, maxBytes: 200_000 });
    expect(runs((await pids())['child'] ?? 0)).toBe(false);
  });

  it('accepts output up to the last byte of the limit', async () => {
    const script = `process.stdout.write('x'.repeat(1_000))`;
    const fits = await runner.run(node(script, { maxOutputBytes: 1_000 }), signal);
    expect(fits.stdout).toHaveLength(1_000);
    await expect(runner.run(node(script, { maxOutputBytes: 999 }), signal)).rejects.toMatchObject({
      code: 'ERR_PROCESS_OUTPUT_LIMIT',
    });
  });

  it('ends process and grandchild when the signal aborts, although the grandchild ignores SIGTERM', async () => {
    const controller = new AbortController();
    const run = runner.run(node(DEAF_GRANDCHILD, { killGraceMs: 100 }), controller.signal);
    const outcome = expect(run).rejects.toThrow('the user left');
    const { parent = 0, grandchild = 0 } = await pids();
    expect([runs(parent), runs(grandchild)]).toEqual([true, true]);
    controller.abort(new Error('the user left'));
    await outcome;
    expect([runs(parent), runs(grandchild)]).toEqual([false, false]);
  });

  it('lets a process end by itself on SIGTERM', async () => {
    const script = `
      ${TELL}
      process.on('SIGTERM', () => { fs.writeFileSync('goodbye', ''); process.exit(0); });
      setInterval(() => {}, 1_000);
      tell({ child: process.pid });`;
    const controller = new AbortController();
    const run = runner.run(node(script), controller.signal);
    await pids();
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    await expect(rm(join(folder, 'goodbye'))).resolves.toBeUndefined();
  });

  it('kills a process that ignores SIGTERM after the grace period', async () => {
    const controller = new AbortController();
    const run = runner.run(
      node(`${TELL}${DEAF} tell({ child: process.pid });`, { killGraceMs: 50 }),
      controller.signal,
    );
    const { child = 0 } = await pids();
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(runs(child)).toBe(false);
  });

  it('leaves no grandchild behind when the process exits by itself', async () => {
    const script = `
      ${DEAF_GRANDCHILD}
      const wait = setInterval(() => {
        if (fs.existsSync('pids.json')) { clearInterval(wait); grandchild.unref(); console.log('the answer'); }
      }, 5);`;
    const output = await runner.run(node(script, { killGraceMs: 50 }), signal);
    expect(output).toMatchObject({ stdout: 'the answer\n', exitCode: 0 });
    expect(runs((await pids())['grandchild'] ?? 0)).toBe(false);
  });

  it('waits for an orphan only until it has ended', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const orphan = spawn('sleep', ['1000'], { stdio: 'inherit' });
      orphan.on('spawn', () => { console.log(orphan.pid); orphan.unref(); });`;
    const run = node(script, { killGraceMs: LONG_MS, env: { PATH: process.env['PATH'] ?? '' } });
    const { stdout } = await runner.run(run, signal);
    expect(runs(Number(stdout))).toBe(false);
  });

  it('does not wait for a descendant that left the group and keeps the pipes', async () => {
    const script = `
      ${TELL}
      const { spawn } = require('node:child_process');
      const outsider = spawn(process.execPath, ['-e', ${JSON.stringify(DEAF)}], { stdio: 'inherit', detached: true });
      tell({ outsider: outsider.pid });
      outsider.unref();
      console.log('the answer');`;
    const output = await runner.run(node(script), signal);
    const { outsider = 0 } = await pids();
    expect(runs(outsider)).toBe(true);
    process.kill(outsider, 'SIGKILL');
    expect(output.stdout).toBe('the answer\n');
  });

  it('starts nothing for a signal that has already aborted', async () => {
    const run = runner.run(node(`${TELL} tell({})`), AbortSignal.abort(new Error('too late')));
    await expect(run).rejects.toThrow('too late');
    await expect(rm(join(folder, 'pids.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends all processes when it is closed, including starting ones, and refuses more', async () => {
    const listeners = process.listenerCount('exit');
    const first = runner.run(node(DEAF_GRANDCHILD, { killGraceMs: 50 }), signal);
    const { parent = 0, grandchild = 0 } = await pids();
    const second = runner.run(node(`setInterval(() => {}, 1_000)`), signal);
    const outcomes = Promise.allSettled([first, second]);
    await Promise.all([runner.close(), runner.close()]);
    expect([runs(parent), runs(grandchild)]).toEqual([false, false]);
    const closed = {
      status: 'rejected',
      reason: expect.objectContaining({ message: 'the executor was closed' }),
    };
    expect(await outcomes).toEqual([closed, closed]);
    await expect(runner.run(node(''), signal)).rejects.toThrow('the executor was closed');
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  it('kills running processes when this process exits', async () => {
    const url = new URL('../../libs/worker-pool/dist/core/process/process-runner.js', import.meta.url).href;
    const script = `
      import { existsSync } from 'node:fs';
      import { ProcessRunner } from ${JSON.stringify(url)};
      void new ProcessRunner().run(${JSON.stringify(node(DEAF_GRANDCHILD))}, new AbortController().signal);
      setInterval(() => existsSync('pids.json') && process.exit(3), 5);`;
    const parent = spawnNode('--eval', { nodeArgs: ['--input-type=module'], args: [script], cwd: folder });
    expect((await parent.exited).code).toBe(3);
    const { parent: child = 0, grandchild = 0 } = await pids();
    await until(() => !runs(child) && !runs(grandchild), { what: 'the end of the orphans' });
  });
});
