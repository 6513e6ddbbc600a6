import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const MODULES = new URL('../node_modules/', import.meta.url);

/** The newest installed version. */
export const PROGRAM = fileURLToPath(new URL('@anthropic-ai/claude-code/bin/claude.exe', MODULES));

/** The installed versions, and their programs. */
export const PROGRAMS = Object.fromEntries(
  ['@anthropic-ai/claude-code', 'claude-code-2.1.197'].map((name) => {
    const { version, bin } = JSON.parse(readFileSync(new URL(`${name}/package.json`, MODULES)));
    return [version, fileURLToPath(new URL(`${name}/${bin.claude}`, MODULES))];
  }),
);

/** The environment that keeps Claude Code to itself: its own home, no other traffic, and nothing of this process. */
export function claudeEnvironment(home, baseUrl, key, more = {}) {
  return {
    PATH: process.env.PATH,
    HOME: home,
    ANTHROPIC_BASE_URL: baseUrl,
    ANTHROPIC_API_KEY: key,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    ...more,
  };
}

/** An empty home and working directory for the duration of `use`. */
export async function withFolders(use) {
  const root = await mkdtemp(join(tmpdir(), 'clients-'));
  try {
    return await use({ home: root, cwd: await mkdtemp(join(root, 'work-')) });
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Runs `claude -p` and returns its JSON result, with `exitCode`. */
export async function claude(
  { home, cwd },
  baseUrl,
  key,
  prompt,
  { args = [], env = {}, program = PROGRAM } = {},
) {
  const child = spawn(program, ['-p', prompt, '--output-format', 'json', ...args], {
    cwd,
    env: claudeEnvironment(home, baseUrl, key, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  const result = out.trim().startsWith('{') ? JSON.parse(out) : { out, errors };
  return { ...result, exitCode };
}
