/** Executors on the fake CLI, with a directory for its reports. */
import { appendFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClaudeCliExecutor, type ClaudeCliOptions } from 'nestjs-worker-pool';

export const FAKE_CLAUDE = fileURLToPath(new URL('../fixtures/fake-claude.mjs', import.meta.url));

export const context = (signal: AbortSignal = new AbortController().signal) => ({ taskId: 'task', signal });

export class ClaudeHarness {
  readonly #executors: ClaudeCliExecutor[] = [];

  private constructor(
    /** Deleted by {@link end}. */
    readonly folder: string,
  ) {}

  static async start(): Promise<ClaudeHarness> {
    return new ClaudeHarness(await mkdtemp(join(tmpdir(), 'claude-harness-')));
  }

  /** File in which the fake CLI records the working directory of each run. */
  get notes(): string {
    return join(this.folder, 'cwd.txt');
  }

  make(options: ClaudeCliOptions = {}): ClaudeCliExecutor {
    const extraEnv = { FAKE_CLAUDE_NOTES: this.notes, ...options.extraEnv };
    const executor = new ClaudeCliExecutor({
      executable: FAKE_CLAUDE,
      killGraceMs: 60_000,
      ...options,
      extraEnv,
    });
    this.#executors.push(executor);
    return executor;
  }

  /** The runs so far. */
  async runs(): Promise<string[]> {
    appendFileSync(this.notes, '');
    return (await readFile(this.notes, 'utf8')).split('\n').filter(Boolean);
  }

  /** System prompts of this process's runs that are still on disk. */
  async leftovers(): Promise<string[]> {
    const folders = [...new Set((await this.runs()).map((cwd) => dirname(cwd)))];
    const names = (await Promise.all(folders.map((folder) => readdir(folder)))).flat();
    return names.filter((name) => name.includes(`-${process.pid}-`));
  }

  async end(): Promise<void> {
    await Promise.all(this.#executors.splice(0).map((executor) => executor.close()));
    await rm(this.folder, { recursive: true });
  }
}
