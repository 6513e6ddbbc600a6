import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { withMermaid } from 'vitepress-plugin-mermaid';
import { isPage } from '../pages.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const REPOSITORY = 'https://github.com/nestjs-redis-cache/nestjs-redis-cache';
const FILE_ON_GITHUB = `${REPOSITORY}/blob/main/`;
const PAGES = resolve(import.meta.dirname, '../pages');

const page = (text, link) => ({ text, link });
const doc = (text, name) => page(text, `/docs/${name}`);

/** The pages are the Markdown files of the repository, so that GitHub shows the same, and the API of TypeDoc. */
export default withMermaid({
  title: 'nestjs-redis-cache',
  description:
    'Response cache, request queue and worker pool for NestJS that keep serving when Redis does not.',
  srcDir: 'pages',
  outDir: 'dist',
  cleanUrls: true,
  markdown: { config: (markdown) => markdown.core.ruler.push('links', rewriteLinks) },
  // Labels as SVG text: HTML ones are measured without the site's styles and then cut.
  mermaid: { htmlLabels: false, flowchart: { htmlLabels: false }, state: { htmlLabels: false } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [doc('Getting started', 'getting-started'), page('API', '/api/'), page('Repository', REPOSITORY)],
    sidebar: [
      {
        text: 'Start',
        items: [
          page('Overview', '/'),
          doc('Getting started', 'getting-started'),
          page('Examples', '/examples/'),
          doc('Coming from another cache', 'migrating'),
          doc('Comparison', 'comparison'),
        ],
      },
      {
        text: 'Set up',
        items: [
          doc('Connecting', 'connecting'),
          doc('Configuration', 'configuration'),
          doc('Security', 'security'),
          doc('Sizing', 'sizing'),
          doc('Performance', 'performance'),
          doc('Capacity', 'capacity'),
          doc('Compatibility', 'compatibility'),
        ],
      },
      {
        text: 'Cache',
        items: [
          doc('Operations', 'operations'),
          doc('Single-flight', 'single-flight'),
          doc('Streams', 'streams'),
          doc('Stale values', 'stale'),
          doc('Near cache', 'near-cache'),
          doc('HTTP caching', 'http-caching'),
          doc('Keys and entries', 'keys'),
          doc('Shared counters', 'counters'),
          doc('Keyv and cache-manager', 'keyv'),
          doc('@nestjs/throttler', 'throttler'),
        ],
      },
      {
        text: 'Queue and pool',
        items: [
          doc('The queue', 'queue'),
          page('Worker pool', '/libs/worker-pool/'),
          doc('Scaling out', 'scaling-out'),
        ],
      },
      {
        text: 'Operate',
        items: [
          doc('When Redis fails', 'failures'),
          doc('Troubleshooting', 'troubleshooting'),
          doc('Testing', 'testing'),
        ],
      },
      {
        text: 'Gateway',
        items: [
          doc('The gateway', 'gateway'),
          doc('HTTP API', 'http-api'),
          doc('Clients', 'clients'),
          doc('Observing', 'observing'),
          doc('Telemetry', 'telemetry'),
          doc('Dashboard and alerts', 'observability/'),
        ],
      },
      {
        text: 'Inside',
        items: [
          page('Architecture', '/ARCHITECTURE'),
          page('Decisions', '/docs/decisions/'),
          page('Bench', '/bench/'),
          page('Contributing', '/CONTRIBUTING'),
          page('Reporting a vulnerability', '/SECURITY'),
          doc('Releasing', 'releasing'),
        ],
      },
    ],
  },
});

/** Links to files that are no pages go to the repository; those of the libraries' READMEs to it lead to the pages. */
function rewriteLinks({ tokens, env }) {
  for (const { children } of tokens) {
    for (const token of children ?? []) {
      if (token.type === 'link_open') token.attrSet('href', target(token.attrGet('href'), env.path));
    }
  }
}

function target(href, path) {
  const isOfRepository = href.startsWith(FILE_ON_GITHUB);
  if (!isOfRepository && /^(?:[a-z]+:|#|\/)/.test(href)) return href;
  const [given, anchor] = (isOfRepository ? href.slice(FILE_ON_GITHUB.length) : href).split('#', 2);
  const folder = dirname(relative(PAGES, path));
  const file = isOfRepository ? given : join(folder, given);
  const hash = anchor === undefined ? '' : `#${anchor}`;
  const readme = join(file, 'README.md');
  const name = existsSync(join(ROOT, readme)) ? readme : file;
  if (!isPage(name)) return folder.startsWith('api') ? href : `${FILE_ON_GITHUB}${file}${hash}`;
  return `/${name.replace(/README\.md$/, 'index.md')}${hash}`;
}
