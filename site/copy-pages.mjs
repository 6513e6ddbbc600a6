/**
 * Copies the Markdown of the repository, and the pictures in it, into `pages/`, which VitePress builds: it resolves Vue from the
 * folder of a page, and that has to be this one. Links are changed by `.vitepress/config.mjs`.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isPage } from './pages.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const PAGES = join(import.meta.dirname, 'pages');
const FOLDERS = [
  'docs',
  'docs/decisions',
  'docs/observability',
  'examples',
  'bench',
  'libs/redis-cache',
  'libs/worker-pool',
];

rmSync(PAGES, { recursive: true, force: true });
for (const folder of ['.', ...FOLDERS]) {
  for (const name of readdirSync(join(ROOT, folder))) {
    const file = join(folder, name);
    if (isPage(file) || (folder === 'docs' && /\.(?:png|svg)$/.test(name))) copy(file);
  }
}

function copy(file) {
  const target = join(PAGES, file.replace(/README\.md$/, 'index.md'));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(ROOT, file), target);
}
