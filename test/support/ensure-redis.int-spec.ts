/** Tests of scripts/ensure-redis.mjs: its decisions, and the script itself on PATHs of the test's making. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isRecentEnough, parseVersion } from '../../scripts/ensure-redis.mjs';
import { redisBinary, spawnNode, type ManagedProcess } from './index.js';
import { ProgramFolder } from './program-folder.js';

const SCRIPT = join(import.meta.dirname, '../../scripts/ensure-redis.mjs');

const server = (version: string): string => `console.log('Redis server v=${version} sha=0');`;

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
  let programs: ProgramFolder;

  beforeEach(async () => {
    programs = await ProgramFolder.create();
  });

  afterEach(() => programs.remove());

  async function ensure(): Promise<ManagedProcess> {
    const child = spawnNode(SCRIPT, { env: { PATH: programs.path } });
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
    await programs.add('redis-server', server('6.0.16'));
    await programs.add('valkey-server', server('8.1.1'));
    const valkey = programs.file('valkey-server');
    const child = await ensure();
    expect(child.stdout).toBe(`ensure-redis: using ${valkey} (version 8.1.1)`);
    expect(redisBinary(programs.path).file).toBe(valkey);
  });

  it('installs one, even if the package manager complains about the service', async () => {
    await programs.addPackageManager('apt-get', 1, { 'redis-server': server('7.0.15') });
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(0);
    expect(child.stdout.split('\n').at(-1)).toBe(
      `ensure-redis: using ${programs.file('redis-server')} (version 7.0.15)`,
    );
  });

  it('exits 1 and says what to install when nothing can be done', async () => {
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(1);
    expect(child.stderr).toMatch(/nor a way to install one here.*apt-get install redis-server/);
    expect(() => redisBinary(programs.path)).toThrow('ensure-redis.mjs');
  });

  it('exits 1 with the output of the package manager when that brought nothing', async () => {
    await programs.addPackageManager('apt-get', 100);
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(1);
    expect(child.stderr).toMatch(/No usable Redis server[^]*apt-get update" failed: manager says no/);
  });

  it('exits 1 and names the server when the only one is too old', async () => {
    await programs.add('redis-server', server('6.0.16'));
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(1);
    expect(child.stderr).toContain(`${programs.file('redis-server')} (version 6.0.16)`);
  });
});
