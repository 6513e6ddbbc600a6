/** Tests of scripts/hooks/commit-msg: which subjects it refuses. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

const HOOK = 'scripts/hooks/commit-msg';
const EXECUTABLE = 0o111;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'commit-msg-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function check(message: string) {
  const file = join(folder, 'COMMIT_EDITMSG');
  writeFileSync(file, message);
  const { status, stderr } = spawnSync('sh', [HOOK, file], { encoding: 'utf8' });
  return { status, stderr };
}

const subjectOf = (length: number, letter = 'x') => 'fix: '.padEnd(length, letter);

it.each([
  ['a prefix with a scope', 'feat(redis-cache): read many entries in one round trip'],
  ['a breaking change', 'refactor!: drop the old names'],
  ['a subject of 72 characters and a longer body', `${subjectOf(72)}\n\n${'x'.repeat(200)}`],
  ['72 characters of two bytes', subjectOf(72, 'é')],
  ['comments above the subject', '\n# a comment\nfix: the first line that counts\n'],
  ['a merge', "Merge branch 'main' into feature"],
  ['a revert', `Revert "${subjectOf(72)}"`],
  ['a fixup', `fixup! ${subjectOf(72)}`],
])('accepts %s', (_, message) => {
  expect(check(message)).toEqual({ status: 0, stderr: '' });
});

it.each([
  ['a subject without a prefix', 'Add a cache'],
  ['an unknown prefix', 'feature: add a cache'],
  ['a prefix without a subject', 'fix: '],
  ['an empty message', '# only a comment\n'],
  ['the prefix in the body only', 'Add a cache\n\nfix: a cache'],
])('refuses %s', (_, message) => {
  const { status, stderr } = check(message);
  expect(status).toBe(1);
  expect(stderr).toContain('The subject must start with one of feat|fix|');
});

it('refuses a subject of 73 characters and says how long it is', () => {
  const { status, stderr } = check(subjectOf(73));
  expect(status).toBe(1);
  expect(stderr).toContain('The subject has 73 characters; at most 72 are allowed');
});

it('is executable, so that git runs it', () => {
  expect(statSync(HOOK).mode & EXECUTABLE).toBe(EXECUTABLE);
});
