import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { MessagesApi, RedisServer } from '@test/support/index.js';
import { type OpenPage, PageBrowser, seriousIssues } from './page-browser.js';
import { type Gateway, startGateway } from './start-gateway.js';

/** `message_start`, `content_block_start` and the first delta. */
const FIRST_DELTA = 3;

let api: MessagesApi;
let browser: PageBrowser;
let redis: RedisServer;
let gateways: Gateway[];
let windows: OpenPage[];

beforeAll(async () => {
  [api, browser, redis] = await Promise.all([MessagesApi.start(), PageBrowser.start(), RedisServer.start()]);
  const env = {
    REDIS_URL: redis.url,
    WORKER_EXECUTOR: 'anthropic',
    ANTHROPIC_MAX_RETRIES: '0',
    ...api.env,
  };
  gateways = await Promise.all([startGateway(env), startGateway(env)]);
});

afterAll(async () => {
  await browser?.close();
  await Promise.all((gateways ?? []).map((gateway) => gateway.stop()));
  await Promise.all([redis?.stop(), api?.stop()]);
});

beforeEach(async () => {
  api.calls.length = 0;
  windows = await Promise.all(gateways.map(({ url }) => browser.open(url)));
});

async function ask(page: Page, prompt: string): Promise<void> {
  await page.fill('#prompt', prompt);
  await page.click('#send');
}

/** Waits until the answer that is arriving consists of this text. */
function shows(page: Page, text: string): Promise<void> {
  return page.locator('#result .text[data-arriving]', { hasText: new RegExp(`^${text}$`) }).waitFor();
}

const answeredBy = (page: Page): Promise<string | null> =>
  page.locator('[data-outcome="answered"]').getAttribute('data-stop');

describe('two windows, each on a gateway process of its own, that ask the same', () => {
  it('show the same tokens as they come, and then the same answer', async () => {
    const prompt = '[[api steps One |token |after |another.]]';
    const [first, second] = windows.map(({ page }) => page) as [Page, Page];
    await ask(first, prompt);
    const { steps } = await api.call(0);
    await steps.send(FIRST_DELTA);
    await shows(first, 'One ');
    await ask(second, prompt);
    await shows(second, 'One ');
    expect(await Promise.all([answeredBy(first), answeredBy(second)])).toEqual(['factory', 'collapsed']);
    await steps.send();
    await Promise.all([shows(first, 'One token '), shows(second, 'One token ')]);
    expect(steps.sent).toBe(FIRST_DELTA + 1);
    expect(await first.locator('#result').getAttribute('aria-busy')).toBe('true');
    expect(await seriousIssues(first)).toEqual([]);
    await steps.rest();
    for (const page of [first, second]) {
      await page.locator('#recent tbody tr').first().waitFor();
      expect(await page.locator('#result .text').textContent()).toBe('One token after another.');
      expect(await page.locator('#result [data-arriving]').count()).toBe(0);
      expect(await page.locator('#result').getAttribute('aria-busy')).toBe('false');
    }
    expect(await first.locator('#result').textContent()).toMatch(
      /Executor.*computed just now.*7 out · cost \$/,
    );
    expect(await second.locator('#result').textContent()).toMatch(
      /In flight.*for an equivalent request.*saved/,
    );
    expect(windows.flatMap(({ complaints }) => complaints)).toEqual([]);
    expect(api.calls).toHaveLength(1);
  });

  it('keep the part that arrived when the answer breaks off, and say so', async () => {
    const prompt = '[[api steps The beginning|and the end]]';
    const [page] = windows.map((window) => window.page) as [Page];
    await ask(page, prompt);
    const { steps } = await api.call(0);
    await steps.send(FIRST_DELTA);
    await shows(page, 'The beginning');
    await steps.fail();
    await page.locator('#result .error', { hasText: 'The answer is incomplete.' }).waitFor();
    expect(await page.locator('#result .text').textContent()).toBe('The beginning');
    expect(await page.locator('#recent tbody tr').count()).toBe(0);
  });
});
