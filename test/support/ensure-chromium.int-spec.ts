/** Tests of scripts/ensure-chromium.mjs, on PATHs of the test's making. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseBrowserVersion } from '../../scripts/ensure-chromium.mjs';
import { chromiumBinary, spawnNode, type ManagedProcess } from './index.js';
import { ProgramFolder } from './program-folder.js';

const SCRIPT = join(import.meta.dirname, '../../scripts/ensure-chromium.mjs');

const browser = (version: string): string => `console.log('${version} built on somewhere');`;

/** What Ubuntu installs as chromium-browser. */
const SNAP_STUB = `console.error('requires the chromium snap to be installed'); process.exitCode = 1;`;

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

describe('parseBrowserVersion', () => {
  it('reads what the browsers print', () => {
    expect(parseBrowserVersion('Chromium 156.0.8078.108 built on Debian GNU/Linux 12')).toBe(
      '156.0.8078.108',
    );
    expect(parseBrowserVersion('Google Chrome 140.0.7339.80 ')).toBe('140.0.7339.80');
    expect(parseBrowserVersion('command not found')).toBeUndefined();
  });
});

describe('ensure-chromium.mjs', () => {
  it.each([
    ['chromium', 'Chromium 156.0.8078.108', '156.0.8078.108'],
    ['chromium-browser', 'Chromium 120.0.6099.129', '120.0.6099.129'],
    ['google-chrome', 'Google Chrome 140.0.7339.80', '140.0.7339.80'],
  ])('takes %s from the PATH', async (name, printed, version) => {
    await programs.add(name, browser(printed));
    const child = await ensure();
    expect(child.stdout).toBe(`ensure-chromium: using ${programs.file(name)} (version ${version})`);
    expect(chromiumBinary(programs.path)).toBe(programs.file(name));
  });

  it('passes by a program that only says how to get the browser', async () => {
    await programs.add('chromium-browser', SNAP_STUB);
    await programs.add('google-chrome', browser('Google Chrome 140.0.7339.80'));
    await ensure();
    expect(chromiumBinary(programs.path)).toBe(programs.file('google-chrome'));
  });

  it('installs one when there is none that runs', async () => {
    await programs.add('chromium-browser', SNAP_STUB);
    await programs.addPackageManager('apt-get', 0, { chromium: browser('Chromium 156.0.8078.108') });
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(0);
    expect(child.stdout.split('\n').at(-1)).toBe(
      `ensure-chromium: using ${programs.file('chromium')} (version 156.0.8078.108)`,
    );
  });

  it('exits 1 and says what to install when nothing can be done', async () => {
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(1);
    expect(child.stderr).toMatch(/nor a way to install one here.*apt-get install chromium/);
    expect(() => chromiumBinary(programs.path)).toThrow('ensure-chromium.mjs');
  });

  it('exits 1 with the output of the package manager when that brought nothing', async () => {
    await programs.addPackageManager('apt-get', 100);
    const child = await ensure();
    expect(child.exitStatus?.code).toBe(1);
    expect(child.stderr).toMatch(/No usable browser[^]*apt-get update" failed: manager says no/);
  });
});
