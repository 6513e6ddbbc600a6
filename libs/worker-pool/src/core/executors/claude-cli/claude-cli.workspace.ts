import { chown, lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExecutorError } from '../../contract/errors.js';
import type { ProcessUser } from '../../process/process-run.js';

/** Directory and files of one run. */
export interface Workspace {
  /** Empty working directory, the same for all runs: the CLI may tell the model its name. */
  cwd: string;
  /** File with the system prompt, outside of `cwd`; readable only by the CLI's user. */
  systemPromptFile?: string;
}

/** No run lasts longer; also the limit where the system does not say when a process started. */
const MAX_AGE_MS = 24 * 60 * 60 * 1_000;
const PROMPT_FILE = /^system-prompt-(\d+)-(\d+)-(\d+)-\d+\.txt$/;
const WRITABLE_BY_OTHERS = 0o022;

let files = 0;

/**
 * The directory in which the CLI runs, `nestjs-worker-pool-<uid>` in the system's directory for temporary files, and the
 * files with system prompts in it. A file is removed after its run. SIGKILL of this process leaves it behind; its name says
 * which process wrote it, so that the next one can remove it.
 */
export class ClaudeCliWorkspace {
  readonly #root = join(tmpdir(), `nestjs-worker-pool-${process.getuid?.() ?? 0}`);
  readonly #swept: Promise<void>;

  /** Removes the files that processes left behind which no longer run. */
  constructor(private readonly user?: ProcessUser) {
    this.#swept = this.#sweep().catch(() => {});
  }

  /** Calls `use` with a workspace, and always removes its file. */
  async use<T>(systemPrompt: string | undefined, use: (workspace: Workspace) => Promise<T>): Promise<T> {
    await this.#swept;
    const cwd = await this.#createFolders();
    if (systemPrompt === undefined) {
      return use({ cwd });
    }
    const systemPromptFile = join(this.#root, await fileName());
    try {
      await this.#write(systemPromptFile, systemPrompt);
      return await use({ cwd, systemPromptFile });
    } finally {
      // A failed clean-up must not replace a paid answer.
      await rm(systemPromptFile, { force: true, maxRetries: 3 }).catch(() => {});
    }
  }

  async #createFolders(): Promise<string> {
    const cwd = join(this.#root, 'cwd');
    // Others may pass through it, because the CLI may run as another user, but see no names.
    await createOwn(this.#root, 0o711);
    await createOwn(cwd, 0o555);
    return cwd;
  }

  async #write(file: string, text: string): Promise<void> {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
    if (this.user) {
      await chown(file, this.user.uid, this.user.gid);
    }
  }

  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#root)) {
      if (PROMPT_FILE.test(name) && (await isLeft(join(this.#root, name), name))) {
        await rm(join(this.#root, name), { force: true });
      }
    }
  }
}

/** Creates a directory, or accepts one that this user created: in a shared one, another could have come first. */
async function createOwn(path: string, mode: number): Promise<void> {
  await mkdir(path, { mode }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new ExecutorError(
      `${path} is not a directory that belongs to this user alone: remove it, or set TMPDIR`,
    );
  }
}

async function fileName(): Promise<string> {
  files += 1;
  const start = await startOf(process.pid);
  return `system-prompt-${await namespace()}-${process.pid}-${start ?? 0}-${files}.txt`;
}

/** Whether the process that wrote the file no longer runs. Process ids of another namespace say nothing. */
async function isLeft(path: string, name: string): Promise<boolean> {
  const [, space, pid, start] = PROMPT_FILE.exec(name) ?? [];
  const { mtimeMs } = await stat(path);
  const isForeign = space !== (await namespace());
  return Date.now() - mtimeMs > MAX_AGE_MS || (!isForeign && !(await runs(Number(pid), Number(start))));
}

async function runs(pid: number, start: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const current = await startOf(pid);
  return current === null || current === start;
}

/** When a process started, in ticks: its id alone is used again. `null` where the system does not say. */
async function startOf(pid: number): Promise<number | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // pid (name) state ppid …; the name may contain parentheses; the start is the 22nd field.
  const field = line?.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  return field === undefined ? null : Number(field);
}

/** The number of the namespace of process ids, in which a container differs; 0 where there is none. */
async function namespace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid').catch(() => '');
  return /\d+/.exec(link)?.[0] ?? '0';
}
