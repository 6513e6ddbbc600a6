import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { RedisServer, until } from '@test/support/index.js';
import { PageBrowser, seriousIssues } from './page-browser.js';
import { type Gateway, startGateway } from './start-gateway.js';

const COUNTERS = ['hits', 'misses', 'collapsed', 'stale', 'bypassed'] as const;
const KEY = 'key-of-the-page-0123456789';

let browser: PageBrowser;
let redis: RedisServer;
let gateway: Gateway;
let page: Page;
let complaints: string[];
let prompts = 0;

beforeAll(async () => {
  [browser, redis] = await Promise.all([PageBrowser.start(), RedisServer.start()]);
  gateway = await startGateway({ REDIS_URL: redis.url, MAX_PROMPT_BYTES: '2000' });
});

beforeEach(async () => {
  ({ page, complaints } = await browser.open(gateway.url));
  await showsConnection('Live');
});

afterEach(() => page.close());

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await redis?.stop();
});

function showsConnection(text: string): Promise<void> {
  return page.locator('#connection', { hasText: text }).waitFor();
}

/** A prompt that no cache has seen. */
function freshPrompt(): string {
  prompts += 1;
  return `Prompt number ${prompts} is new. Its answer has to be computed. The next one is kept.`;
}

/** Sends the prompt by the button, and answers which stop of the way gave the answer. */
async function send(prompt: string): Promise<string> {
  const rows = await page.locator('#recent tbody tr').count();
  await page.fill('#prompt', prompt);
  await page.click('#send');
  await page.locator('#recent tbody tr').nth(rows).waitFor();
  return page.locator('[data-outcome="answered"]').getAttribute('data-stop') as Promise<string>;
}

async function shownCounters(): Promise<Record<string, number>> {
  const entries = COUNTERS.map(async (name) => {
    const text = await page.locator(`[data-number="${name}"]`).textContent();
    return [name, Number(text?.replaceAll(',', ''))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function storedCounters(): Promise<Record<string, number>> {
  const { total } = (await (await gateway.get('/v1/cache/stats')).json()) as {
    total: Record<string, number>;
  };
  return Object.fromEntries(COUNTERS.map((name) => [name, total[name]!]));
}

/** What has the focus, and whether that can be seen. */
async function focused(): Promise<unknown> {
  return page.evaluate(`(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return {
        name: element.name || element.textContent.trim(),
        outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
      };
    })()`);
}

describe('the page', () => {
  it('shows that the first answer is computed, the second is cached, and how long each took', async () => {
    const prompt = freshPrompt();
    expect(await send(prompt)).toBe('factory');
    expect(await page.locator('#result').textContent()).toMatch(/\d m?s.*Executor.*computed just now/);
    expect(['near', 'redis']).toContain(await send(prompt));
    expect(await page.locator('#result').textContent()).toMatch(/\d m?s.*(Near cache|Redis)/);
    const sources = await page.locator('#recent tbody .tag').allTextContents();
    expect(sources).toEqual([expect.stringMatching(/Near cache|Redis/), 'Executor']);
    expect(complaints).toEqual([]);
  });

  it('shows requests that shared one computation', async () => {
    await page.fill('#prompt', freshPrompt());
    await page.click('#burst');
    await page.locator('#result', { hasText: '5 requests at once' }).waitFor();
    expect(await page.locator('#result').textContent()).toMatch(/1 × Executor/);
    expect(await page.locator('#recent tbody tr').count()).toBe(5);
    expect(complaints).toEqual([]);
  });

  it('counts what GET /v1/cache/stats counts', async () => {
    const prompt = freshPrompt();
    await send(prompt);
    await send(prompt);
    await gateway.post('/v1/completions', { prompt });
    const stored = await storedCounters();
    expect(stored['hits']).toBeGreaterThanOrEqual(2);
    await until(async () => JSON.stringify(await shownCounters()) === JSON.stringify(stored), {
      what: 'the counters to be those of the gateway',
    });
  });

  it('draws the charts', async () => {
    await send(freshPrompt());
    await page.locator('#rate-chart canvas').waitFor();
    await page.locator('#rate-text', { hasText: 'per second' }).waitFor({ state: 'attached' });
    expect(await page.locator('canvas').count()).toBe(2);
    await page.locator('[data-state-of="workers"]', { hasText: 'of 5 busy' }).waitFor();
    await page.locator('[data-state-of="near"]', { hasText: /\d answers?, \d/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('says what is wrong with a request', async () => {
    await page.fill('#prompt', 'x'.repeat(2_001));
    await page.click('#send');
    await page.locator('#result .error', { hasText: 'larger than the limit of 2000 bytes' }).waitFor();
  });
});

describe('the page while Redis is frozen', () => {
  let hasty: Gateway;

  beforeAll(async () => {
    hasty = await startGateway({ REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT_MS: '1000' });
  });

  afterAll(() => hasty?.stop());

  it('says degraded while it keeps answering, until Redis is back', async () => {
    await page.goto(hasty.url);
    await send(freshPrompt());
    await redis.pause();
    try {
      expect(await send(freshPrompt())).toBe('factory');
      await page.locator('#degraded', { hasText: 'Degraded. Redis is unavailable' }).waitFor();
      await showsConnection('Degraded');
      expect(await page.locator('[data-state-of="store"]').textContent()).toBe('unavailable');
      expect(await send(freshPrompt())).toBe('factory');
      expect(await page.locator('[data-stop="redis"]').textContent()).toContain('unavailable');
      expect(await seriousIssues(page)).toEqual([]);
    } finally {
      await redis.resume();
    }
    await showsConnection('Live');
    expect(await page.locator('#degraded').textContent()).toBe('');
    expect(complaints).toEqual([]);
  });
});

describe('the page is accessible', () => {
  it.each(['light', 'dark'] as const)(
    'without a serious finding of axe in %s colours',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      expect(await seriousIssues(page)).toEqual([]);
      await send(freshPrompt());
      expect(await seriousIssues(page)).toEqual([]);
    },
  );

  it('by keyboard alone, with a visible focus', async () => {
    await page.keyboard.press('Tab');
    expect(await focused()).toEqual({ name: 'Skip to the content', outlined: true });
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focused()).toEqual({ name: 'prompt', outlined: true });
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type(freshPrompt());
    await page.keyboard.press('Tab');
    expect(await focused()).toEqual({ name: 'Send', outlined: true });
    await page.keyboard.press('Enter');
    await page.locator('[data-stop="factory"][data-outcome="answered"]').waitFor();
    expect(await focused()).toEqual({ name: 'Send', outlined: true });
    // The buttons wait for the end of the answer, whose origin is shown at its beginning.
    await page.locator('#recent tbody tr').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await focused()).toEqual({ name: 'Send 5 at once', outlined: true });
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.locator('#recent tbody tr').nth(1).waitFor();
  });

  it('on a phone, without scrolling sideways', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await send(`${'unbroken'.repeat(60)}. ${freshPrompt()}`);
    await until(async () => (await page.locator('#rate-chart canvas').boundingBox())!.width < 360, {
      what: 'the chart to fit',
    });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });

  it('without animations for users who prefer reduced motion', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const duration = `getComputedStyle(document.querySelector('[data-stop]')).transitionDuration`;
    expect(await page.evaluate(duration)).toBe('0s');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect(await page.evaluate(duration)).not.toBe('0s');
  });
});

describe('the page of a gateway with keys', () => {
  let guarded: Gateway;

  beforeAll(async () => {
    guarded = await startGateway({ API_KEYS: `team:${KEY}` });
  });

  afterAll(() => guarded?.stop());

  it('asks for a key, keeps it in its tab only, and forgets it on request', async () => {
    await page.goto(guarded.url);
    await showsConnection('Key needed');
    expect(await page.evaluate('document.activeElement.id')).toBe('key');
    await page.keyboard.type('not-the-key-0123456789');
    await page.keyboard.press('Enter');
    await page.locator('#key-hint', { hasText: 'does not know this key' }).waitFor();
    await page.fill('#key', KEY);
    await page.keyboard.press('Enter');
    await showsConnection('Live');
    expect(await send(freshPrompt())).toBe('factory');
    expect(await page.evaluate('[localStorage.length, document.cookie]')).toEqual([0, '']);
    expect(await page.evaluate('Object.values({ ...sessionStorage })')).toEqual([KEY]);
    await page.click('#forget-key');
    await showsConnection('Key needed');
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  it('shows no numbers without a key', async () => {
    expect((await guarded.get('/')).status).toBe(200);
    expect((await guarded.get('/v1/events')).status).toBe(401);
    expect((await guarded.get('/metrics')).status).toBe(401);
  });
});

describe('the page and its gateway', () => {
  it('disconnect when the gateway stops, which does not wait for the page, and reconnect', async () => {
    const port = new URL(gateway.url).port;
    gateway.process.signal('SIGTERM');
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
    await showsConnection('Connection lost');
    gateway = await startGateway({ REDIS_URL: redis.url, PORT: port });
    await showsConnection('Live');
  });

  it('agree on the API: /docs shows it, under the same policy', async () => {
    await page.goto(`${gateway.url}/docs`);
    await page.locator('.opblock-summary-path', { hasText: '/v1/completions' }).first().waitFor();
    expect(complaints).toEqual([]);
  });
});
