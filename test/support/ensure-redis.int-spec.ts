/** Tests of scripts/ensure-redis.mjs: its decisions, and the script itself on PATHs of the test's making. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isRecentEnough, parseVersion, planInstall } from '../../scripts/ensure-redis.mjs';
import { redisBinary, spawnNode, type ManagedProcess } from './index.js';

const SCRIPT = join(import.meta.dirname, '../../scripts/ensure-redis.mjs');

const machine = (isRoot: boolean, ...commands: string[]) => ({
  isRoot,
  has: (command: string) => commands.includes(command),
});

const lines = (plan: string[][] | undefined) => plan?.map((step) => step.join(' '));

const server = (version: string): string => `console.log('Redis server v=${version} sha=0');`;

describe('planInstall', () => {
  it('refreshes the package list of apt-get before it installs, without questions', () => {
    expect(lines(planInstall(machine(true, 'apt-get')))).toEqual([
      'env DEBIAN_FRONTEND=noninteractive apt-get update',
      'env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 redis-server',
    ]);
  });

  it.each([
    ['apk', 'apk add --no-cache redis', 'apk add --no-cache valkey'],
    ['dnf', 'dnf install -y valkey', 'dnf install -y redis'],
  ])('uses %s, through sudo when not root', (manager, ...steps) => {
    expect(lines(planInstall(machine(true, manager, 'sudo')))).toEqual(steps);
    expect(lines(planInstall(machine(false, manager, 'sudo')))).toEqual(
      steps.map((step) => `sudo -n ${step}`),
    );
  });

  it('never runs brew through sudo, and takes it where the system manager would need root', () => {
    const plan = planInstall(machine(false, 'apt-get', 'brew'));
    expect(lines(plan)).toEqual(['brew install redis', 'brew install valkey']);
  });

  it('has no plan without a package manager, or without the right to use it', () => {
    expect(planInstall(machine(true))).toBeUndefined();
    expect(planInstall(machine(false, 'apt-get'))).toBeUndefined();
  });
});

describe('versions', () => {
  it('reads what redis-server and valkey-server print', () => {
    expect(parseVersion('Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64')).toBe('7.0.15');
    expect(parseVersion('Valkey server v=8.1.1 sha=00000000:0')).toBe('8.1.1');
    expect(parseVersion('command not found')).toBeUndefined();
  });

  it('wants 7.0 or newer', () => {
    expect(['7.0.0', '8.1.1', '10.0.0'].every(isRecentEnough)).toBe(true);
    expect(['6.2.14', '5.0.7', undefined].some(isRecentEnough)).toBe(false);
  });
});

describe('ensure-redis.mjs', () => {
  let path: string;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'ensure-redis-'));
    // Both run what follows their first argument, which is all that the script asks of them.
    for (const name of ['env', 'sudo']) await command(name, 'run(...process.argv.slice(3));');
  });

  afterEach(async () => {
    await rm(path, { recursive: true, force: true });
  });

  async function command(name: string, code: string): Promise<void> {
    const run = `const run = (name, ...args) => {
      const { spawnSync } = require('node:child_process');
      process.exitCode = spawnSync(name, args, { stdio: 'inherit' }).status;
    };`;
    await writeFile(join(path, name), `#!${process.execPath}\n${run}\n${code}\n`);
    await chmod(join(path, name), 0o755);
  }

  /** A package manager that logs its calls and, if asked to, brings a server, whatever its exit code. */
  async function manager(name: string, exitCode: number, brings?: { name: string; version: string }) {
    const target = JSON.stringify(join(path, brings?.name ?? ''));
    const content = JSON.stringify(`#!${process.execPath}\n${server(brings?.version ?? '')}\n`);
    const install = `require('node:fs').writeFileSync(${target}, ${content}, { mode: 0o755 });`;
    await command(
      name,
      `console.error('manager says no'); process.exitCode = ${exitCode};
      if (process.argv.at(-1) === ${JSON.stringify(brings?.name)}) { ${install} }`,
    );
  }

  async function ensure(): Promise<ManagedProcess> {
    const child = spawnNode(SCRIPT, { env: { PATH: path } });
    await child.exited;
    return child;
  }

  it('names the server that is there, and the tests use the same one', async () => {
    const child = spawnNode(SCRIPT);
    expect((await child.exited).code).toBe(0);
    const { file, version } = redisBinary();
    expect(child.stdout).toBe(`ensure-redis: using ${file} (version ${version})`);
  });

  it('takes valkey-server when redis-server is too old', async () => {
    await command('redis-server', server('6.0.16'));
    await command('valkey-server', server('8.1.1'));
    const child = await ensure();
    expect(child.stdout).toBe(`ensure-redis: using ${join(path, 'valkey-server')} (version 8.1.1)`);
    expect(redisBinary(path).file).toBe(join(path, 'valkey-server'));
  });

  it('installs one, even if the package manager complains about the service', async () => {
    await manager('apt-get', 1, { name: 'redis-server', version: '7.0.15' });
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(0);
    expect(child.stdout.split('\n').at(-1)).toBe(
      `ensure-redis: using ${join(path, 'redis-server')} (version 7.0.15)`,
    );
  });

  it('exits 1 and says what to install when nothing can be done', async () => {
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(1);
    expect(child.stderr).toMatch(/nor a way to install one here.*apt-get install redis-server/);
    expect(() => redisBinary(path)).toThrow('ensure-redis.mjs');
  });

  it('exits 1 with the output of the package manager when that brought nothing', async () => {
    await manager('apt-get', 100);
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(1);
    expect(child.stderr).toMatch(/No usable Redis server[^]*apt-get update" failed: manager says no/);
  });

  it('exits 1 and names the server when the only one is too old', async () => {
    await command('redis-server', server('6.0.16'));
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(1);
    expect(child.stderr).toContain(`${join(path, 'redis-server')} (version 6.0.16)`);
  });
});
