import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

interface Answer {
  description: string;
  content?: Record<string, unknown>;
}

interface Operation {
  security?: object[];
  summary?: string;
  tags?: string[];
  requestBody?: { content: Record<string, { examples: Record<string, { value: unknown }> }> };
  responses: Record<string, Answer>;
}

interface Description {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

let gateway: Gateway;
let described: Description;

beforeAll(async () => {
  gateway = await startGateway();
  described = (await (await gateway.get('/docs-json')).json()) as Description;
});

afterAll(() => gateway?.stop());

function operations(): [route: string, operation: Operation][] {
  return Object.entries(described.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

const FENCED = /^```(?:console|sh)\n(.*?)^```/gms;
const CURL = /^(?:\$ )?curl (?:[^\\\n]|\\\n)*/gm;

/** Returns all curl calls in a page. */
function curlsIn(page: string): string[] {
  return [...page.matchAll(FENCED)].flatMap(([, code]) => code!.match(CURL) ?? []);
}

function isOf(route: string, call: string): boolean {
  const [method, path] = route.split(' ') as [string, string];
  const [, named = / -d /.test(call) ? 'POST' : 'GET'] = / -X (\w+)/.exec(call) ?? [];
  const address = `http://127.0.0.1:3000${path.replaceAll(/\{\w+\}/g, '[^/?\\s]+')}(?=[?'\\s]|$)`;
  return method === named && new RegExp(address).test(call);
}

describe('the description of the API', () => {
  it('equals docs/openapi.json, which `npm run docs:openapi` writes', async () => {
    expect(described).toEqual(JSON.parse(await readFile('docs/openapi.json', 'utf8')));
  });

  it('has a summary, a tag and a successful response for every route', () => {
    expect(operations().length).toBeGreaterThan(5);
    for (const [route, { summary, tags, responses }] of operations()) {
      expect([route, summary, tags]).toEqual([route, expect.any(String), [expect.any(String)]]);
      expect([route, Object.keys(responses).some((status) => status.startsWith('2'))]).toEqual([route, true]);
    }
  });

  it('has a curl example for every route in docs/http-api.md', async () => {
    const calls = curlsIn(await readFile('docs/http-api.md', 'utf8'));
    for (const [route] of operations()) expect(calls.filter((call) => isOf(route, call))).not.toEqual([]);
  });

  it('has no dangling references', () => {
    const references = JSON.stringify(described).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
    const names = new Set(Array.from(references, ([, name]) => name!));
    expect(names.size).toBeGreaterThan(3);
    for (const name of names) expect(described.components.schemas).toHaveProperty([name]);
  });

  it('has request examples that get a described response', async () => {
    const withBody = operations().filter(([, { requestBody }]) => requestBody !== undefined);
    expect(withBody.length).toBeGreaterThan(1);
    for (const [route, { requestBody, responses }] of withBody) {
      const { examples } = requestBody!.content['application/json']!;
      for (const { value } of Object.values(examples)) {
        const [method, path] = route.split(' ') as [string, string];
        const response = await fetch(gateway.url + path, { ...jsonPost(value), method });
        expect([route, Object.keys(responses)]).toEqual([
          route,
          expect.arrayContaining([String(response.status)]),
        ]);
        expect([route, response.ok]).toEqual([route, true]);
        await response.body?.cancel();
      }
    }
  });

  it('describes the errors that routes return', async () => {
    const refused = await gateway.post('/v1/completions', { prompt: 5 });
    const { responses } = described.paths['/v1/completions']!['post']!;
    expect(responses[refused.status]?.content).toHaveProperty([
      refused.headers.get('content-type')!.split(';')[0]!,
    ]);
  });
});

describe('the description of API keys', () => {
  const KEY = 'key-of-a-team-0123456789';
  let guarded: Gateway;

  beforeAll(async () => {
    guarded = await startGateway({ API_KEYS: `team:${KEY}` });
  });

  afterAll(() => guarded?.stop());

  /** The response of a route and its description. */
  async function answerOf(
    route: string,
    headers: Record<string, string>,
  ): Promise<[number, string, Answer?]> {
    const [method, path] = route.split(' ') as [string, string];
    const response = await fetch(guarded.url + path.replaceAll(/\{\w+\}/g, 'none'), { method, headers });
    await response.body?.cancel();
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
    const { responses } = operations().find(([name]) => name === route)![1];
    return [response.status, type, responses[response.status]];
  }

  it('is true for every route: 401 without a key unless the route is public', async () => {
    for (const [route, { security }] of operations()) {
      const [status, type, answer] = await answerOf(route, {});
      expect([route, status === 401]).toEqual([route, security === undefined]);
      expect([route, answer?.content]).toEqual([
        route,
        expect.objectContaining({ [type]: expect.anything() }),
      ]);
    }
  });

  it('is true for every route: 403 exactly where the key of an administrator is needed', async () => {
    const needAdmin = operations().filter(([, { responses }]) => '403' in responses);
    expect(needAdmin.length).toBeGreaterThan(2);
    for (const [route, { responses }] of operations()) {
      const [status, type] = await answerOf(route, { 'x-api-key': KEY });
      expect([route, status === 403]).toEqual([route, '403' in responses]);
      if (status === 403) expect(responses[403]?.content).toHaveProperty([type]);
    }
  });
});

describe('/docs', () => {
  it('is our own page without inline code and without resources of other origins', async () => {
    const response = await gateway.get('/docs');
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    const html = await response.text();
    expect(html).not.toMatch(/<style|<script>|style=|\son\w+=|https?:/);
    const files = Array.from(html.matchAll(/(?:src|href)="(\/[^"]+)"/g), ([, path]) => path!);
    expect(files.length).toBeGreaterThan(4);
    for (const path of files) expect([path, (await gateway.get(path)).status]).toEqual([path, 200]);
  });

  it('serves only the files of Swagger UI that the page needs', async () => {
    expect((await gateway.get('/docs/ui/swagger-ui-bundle.js')).status).toBe(200);
    expect((await gateway.get('/docs/ui/package.json')).status).toBe(404);
    expect((await gateway.get('/docs/ui/index.html')).status).toBe(404);
    expect((await gateway.get('/assets/../package.json')).status).toBe(404);
    expect((await gateway.get('/assets/%2e%2e/%2e%2e/package.json')).status).toBe(404);
  });
});
