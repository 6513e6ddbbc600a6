import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ClaudeCliOptions } from 'nestjs-worker-pool';
import { type ManagedProcess, spawnNode } from '@test/support/index.js';
import { FAKE_CLAUDE } from './claude-harness.js';
import { pidsFrom, runs } from './processes.js';

const UID = process.getuid?.() ?? 0;
const OTHER = { uid: 54_321, gid: 54_322 };
const DAY_MS = 86_400_000;

let folder: string;
let started: ManagedProcess[];
/** Process ids of CLIs that wait. They outlive a process that is killed. */
let waiting: number[];

/** Starts a process that runs a request on the fake CLI. Its directory for temporary files is `folder`. */
const start = (prompt: string, options: ClaudeCliOptions = {}): ManagedProcess => {
  const env = {
    TMPDIR: folder,
    HOME: folder,
    OPTIONS: JSON.stringify({ executable: FAKE_CLAUDE, ...options }),
    REQUEST: JSON.stringify({ prompt, system: 'the system prompt' }),
  };
  const child = spawnNode('test/fixtures/cli-run.mjs', { env });
  started.push(child);
  return child;
};

const outcome = async (child: ManagedProcess): Promise<Record<string, unknown>> => {
  await child.exited;
  return JSON.parse(child.stdout) as Record<string, unknown>;
};

const factsOf = async (child: ManagedProcess): Promise<Record<string, unknown>> =>
  JSON.parse(String((await outcome(child))['completion'])) as Record<string, unknown>;

const workspace = (): string => join(folder, `nestjs-worker-pool-${UID}`);
const promptFiles = async (): Promise<string[]> =>
  (await readdir(workspace())).filter((name) => name.startsWith('system-prompt-'));

/** Starts a run that waits, and returns the CLI's process id. */
async function startWaiting(): Promise<{ child: ManagedProcess; claude: number; go: () => Promise<void> }> {
  const gate = join(await mkdtemp(join(folder, 'gate-')), 'pids.json');
  const child = start(`[[fake-claude gate ${gate}]]`);
  const { claude = 0 } = await pidsFrom(gate);
  waiting.push(claude);
  return { child, claude, go: () => writeFile(`${gate}.go`, '') };
}

beforeEach(async () => {
  started = [];
  waiting = [];
  folder = await mkdtemp(join(tmpdir(), 'claude-workspace-'));
  await chmod(folder, 0o755);
});

afterEach(async () => {
  await Promise.all(started.map((child) => child.kill()));
  for (const pid of waiting) if (runs(pid)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

describe('the workspace of the ClaudeCliExecutor', () => {
  it('loses the system prompt of a killed process when the next process starts', async () => {
    const { child, claude } = await startWaiting();
    expect(await promptFiles()).toHaveLength(1);
    await child.kill();
    process.kill(claude, 'SIGKILL');
    expect(await promptFiles()).toHaveLength(1);
    await outcome(start('[[fake-claude text]]'));
    expect(await promptFiles()).toEqual([]);
  });

  it('keeps the system prompt of a process that is running', async () => {
    const { child, claude, go } = await startWaiting();
    const files = await promptFiles();
    await outcome(start('[[fake-claude text]]'));
    expect(await promptFiles()).toEqual(files);
    expect(runs(claude)).toBe(true);
    await go();
    expect(await outcome(child)).toMatchObject({ completion: 'an answer' });
    expect(await promptFiles()).toEqual([]);
  });

  it('loses files whose process id was used again, and those of other machines only after a day', async () => {
    await mkdir(workspace(), { mode: 0o711 });
    const { child: running } = await startWaiting();
    const [own = ''] = await promptFiles();
    const [, , namespace, pid] = own.split('-');
    const reused = `system-prompt-${namespace}-${pid}-1-1.txt`;
    const foreign = 'system-prompt-1-1-1-1.txt';
    const old = 'system-prompt-1-1-1-2.txt';
    for (const name of [reused, foreign, old]) await writeFile(join(workspace(), name), 'a');
    const longAgo = new Date(Date.now() - 2 * DAY_MS);
    await utimes(join(workspace(), old), longAgo, longAgo);
    await outcome(start('[[fake-claude text]]'));
    expect((await promptFiles()).toSorted()).toEqual([foreign, own].toSorted());
    await running.kill();
  });

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['is a file', (path) => writeFile(path, '')],
    [
      'is writable by others',
      async (path) => {
        await mkdir(path);
        await chmod(path, 0o777);
      },
    ],
  ])('is refused when it %s', async (_name, squat) => {
    await squat(workspace());
    expect(await outcome(start('[[fake-claude text]]'))).toEqual({
      code: 'ERR_EXECUTOR_FAILED',
      message: `${workspace()} is not a directory that belongs to this user alone: remove it, or set TMPDIR`,
    });
  });
});

describe('the user of the CLI', () => {
  // Only root may start programs as another user, so there is nothing to see for others.
  if (UID !== 0) {
    it('cannot be another without the right to change it', async () => {
      expect(await outcome(start('a', OTHER))).toMatchObject({ code: 'ERR_EXECUTOR_FAILED' });
    });
    return;
  }

  it('is that of this process by default, whose variables the CLI can read', async () => {
    expect(await factsOf(start('a'))).toMatchObject({ user: [0, 0], seesParent: true });
  });

  it('may be another, which reads the system prompt, but not the variables of this process', async () => {
    // The checkout may be out of that user's reach.
    const executable = join(folder, 'claude');
    await copyFile(FAKE_CLAUDE, `${executable}.mjs`);
    await chmod(`${executable}.mjs`, 0o755);
    const child = start('a', { executable: `${executable}.mjs`, ...OTHER });
    expect(await factsOf(child)).toMatchObject({
      user: [OTHER.uid, OTHER.gid],
      seesParent: false,
      entries: [],
      systemPrompt: { text: 'the system prompt', mode: '600' },
    });
    expect(await promptFiles()).toEqual([]);
  });

  it('is ended with its process group like any other', async () => {
    const executable = join(folder, 'claude.mjs');
    await copyFile(FAKE_CLAUDE, executable);
    await chmod(executable, 0o755);
    const child = start('[[fake-claude hang]]', { executable, ...OTHER, wallTimeoutMs: 500 });
    expect(await outcome(child)).toMatchObject({ code: 'ERR_PROCESS_TIMEOUT' });
  });
});
