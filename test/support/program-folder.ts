/**
 * A folder of small programs that a test writes itself, to be the whole PATH of a script.
 *
 *   const programs = await ProgramFolder.create();
 *   await programs.add('chromium', `console.log('Chromium 120.0.1')`);
 *   const child = spawnNode('scripts/ensure-chromium.mjs', { env: { PATH: programs.path } });
 *   await programs.remove();
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs another program, with the output and the exit code of it. */
const RUN = `const run = (name, ...args) => {
  const { spawnSync } = require('node:child_process');
  process.exitCode = spawnSync(name, args, { stdio: 'inherit' }).status;
};`;

export class ProgramFolder {
  private constructor(readonly path: string) {}

  /** With `env` and `sudo`, which run what follows their first argument: all that the scripts ask of them. */
  static async create(): Promise<ProgramFolder> {
    const folder = new ProgramFolder(await mkdtemp(join(tmpdir(), 'programs-')));
    for (const name of ['env', 'sudo']) await folder.add(name, `${RUN}\nrun(...process.argv.slice(3));`);
    return folder;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** `code` is CommonJS. */
  async add(name: string, code: string): Promise<void> {
    await writeFile(this.file(name), program(code), { mode: 0o755 });
  }

  /** A package manager that complains and, if asked for a package that it has, brings it, whatever its exit code. */
  async addPackageManager(name: string, exitCode: number, has: Record<string, string> = {}): Promise<void> {
    const files = Object.entries(has).map(([key, code]) => [key, [this.file(key), program(code)]]);
    await this.add(
      name,
      `console.error('manager says no'); process.exitCode = ${exitCode};
      const files = new Map(${JSON.stringify(files)});
      const found = files.get(process.argv.at(-1));
      if (found) require('node:fs').writeFileSync(...found, { mode: 0o755 });`,
    );
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

function program(code: string): string {
  return `#!${process.execPath}\n${code}\n`;
}
