import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { CHROMIUM_ARGS, chromiumBinary } from '@test/support/index.js';

const WAIT_MS = 20_000;

/** A page in a real browser, and everything that it complained about. */
export interface OpenPage {
  readonly page: Page;
  /** Errors on the console, exceptions, and violations of the Content-Security-Policy. */
  readonly complaints: string[];
}

/** Real Chromium with a profile of its own. */
export class PageBrowser {
  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
  ) {}

  static async start(options: BrowserContextOptions = {}): Promise<PageBrowser> {
    const profile = await mkdtemp(join(tmpdir(), 'page-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      ...options,
      executablePath: chromiumBinary(),
      args: [...CHROMIUM_ARGS, '--disable-quic'],
    });
    // Shorter than the limit of a test, so that the failure names what was awaited.
    context.setDefaultTimeout(WAIT_MS);
    return new PageBrowser(context, profile);
  }

  async open(url: string): Promise<OpenPage> {
    const page = await this.context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.exposeFunction('complain', (text: string) => complaints.push(text));
    await page.addInitScript(REPORT_VIOLATIONS);
    await page.goto(url);
    return { page, complaints };
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

// As text: it runs in the page, where there are no types.
const REPORT_VIOLATIONS = `
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    globalThis.complain('CSP: ' + violatedDirective + ' ' + blockedURI),
  );
`;

/** What axe finds that is serious or worse, as one line each. */
export async function seriousIssues(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations, passes } = (await page.evaluate('axe.run()')) as axe.AxeResults;
  if (passes.length === 0) throw new Error('axe looked at nothing');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}
