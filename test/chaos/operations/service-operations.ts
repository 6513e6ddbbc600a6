import type { Operation, Program, Session } from './operation.js';
import type { Site } from './site.js';

/** An operation of the one application of the program. */
interface SiteOperation extends Omit<Operation, 'open' | 'group'> {
  prepare?(site: Site): Promise<unknown>;
  run(site: Site, count: number): Promise<unknown>;
}

const BYPASS = 'fwd=bypass; detail=redis-unavailable';

function siteOperation({ prepare, run, ...row }: SiteOperation): Operation {
  return {
    ...row,
    group: 'service',
    open: async (program: Program): Promise<Session> => {
      const site = await program.site();
      let calls = 0;
      return {
        ...(prepare && { prepare: () => prepare(site) }),
        run: () => run(site, (calls += 1)),
        isBack: () => site.cache.isWritable(),
        lines: () => site.lines,
        close: () => site.close(),
      };
    },
  };
}

/** More than the calls of one operation under one fault. */
const PAGES = 300;

async function storePages(site: Site): Promise<void> {
  for (let page = 1; page <= PAGES; page += 1) await site.get(`/pages/known-${page}`);
}

async function cacheStatusOf(site: Site, page: string): Promise<unknown[]> {
  const { status, cacheStatus } = await site.get(`/pages/${page}`);
  return [status, cacheStatus];
}

export const SERVICE_OPERATIONS: readonly Operation[] = [
  siteOperation({
    name: 'HTTP hit',
    needs: 'reads',
    value: [200, 'hit'],
    fallback: [200, BYPASS],
    withoutData: [200, 'fwd=miss; stored'],
    prepare: storePages,
    run: (site, count) => cacheStatusOf(site, `known-${count}`),
  }),
  siteOperation({
    name: 'HTTP miss',
    needs: 'writes',
    value: [200, 'fwd=miss; stored'],
    fallback: [200, BYPASS],
    run: (site, count) => cacheStatusOf(site, `new-${count}`),
  }),
  siteOperation({
    name: 'health',
    needs: 'writes',
    value: [200, 'ok'],
    fallback: [200, 'degraded'],
    run: async (site) => {
      const { status, body } = await site.get('/health');
      return [status, (JSON.parse(body) as { status: string }).status];
    },
  }),
];
