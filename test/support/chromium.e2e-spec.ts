/** Self-test of the browser that the tests of the gateway's page use. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CHROMIUM_ARGS, chromiumBinary, ManagedProcess } from './index.js';

const PAGE = '<p>none</p><script>document.querySelector("p").textContent = 6 * 7</script>';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chromium-'));
});

afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }));

it('runs the script of a page', async () => {
  const page = `data:text/html,${encodeURIComponent(PAGE)}`;
  const args = [...CHROMIUM_ARGS, `--user-data-dir=${dir}`, '--dump-dom', page];
  const browser = new ManagedProcess(chromiumBinary(), args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: dir },
  });
  await browser.exited;
  expect(browser.stdout).toContain('<p>42</p>');
});
