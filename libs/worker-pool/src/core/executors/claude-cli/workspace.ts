import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders and files of one run. */
export interface Workspace {
  /** Empty folder to work in. */
  cwd: string;
  /** File with the system prompt, outside of `cwd`; only this user can read it. */
  systemPromptFile?: string;
}

/** Makes a workspace for the time of `use`, and removes it whatever happens. */
export async function withWorkspace<T>(
  systemPrompt: string | undefined,
  use: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'nestjs-worker-pool-'));
  try {
    return await use(await furnish(root, systemPrompt));
  } finally {
    // A paid answer outlives a failed clean-up.
    await rm(root, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}

async function furnish(root: string, systemPrompt?: string): Promise<Workspace> {
  const cwd = join(root, 'cwd');
  await mkdir(cwd);
  if (systemPrompt === undefined) {
    return { cwd };
  }
  const systemPromptFile = join(root, 'system-prompt.txt');
  await writeFile(systemPromptFile, systemPrompt, { mode: 0o600 });
  return { cwd, systemPromptFile };
}
