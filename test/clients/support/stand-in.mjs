/**
 * A stand-in for Anthropic's API that is as strict as the original about what it accepts, and records what reaches it byte
 * for byte. A mark in the last text of the conversation, such as `[[say hello]]`, selects the response: see replies.mjs.
 *
 *   const api = await StandIn.start();
 *   const gateway = await startGateway(api);
 *   …
 *   assert.equal(api.calls.length, 1);
 *   await api.stop();
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { replyTo } from './replies.mjs';
import { problemOf } from './rules.mjs';
import { sendError, sendJson } from './send.mjs';

export const UPSTREAM_KEY = 'sk-ant-upstream-0123456789';

export const MODELS = [
  {
    type: 'model',
    id: 'claude-sonnet-5-5',
    display_name: 'Claude Sonnet 5.5',
    created_at: '2026-09-01T00:00:00Z',
  },
  {
    type: 'model',
    id: 'claude-haiku-5-5',
    display_name: 'Claude Haiku 5.5',
    created_at: '2026-08-01T00:00:00Z',
  },
  {
    type: 'model',
    id: 'claude-opus-5-5',
    display_name: 'Claude Opus 5.5',
    created_at: '2026-07-01T00:00:00Z',
  },
];

export class StandIn {
  /** Every request with the right key to `/v1/messages`, oldest first. */
  calls = [];
  /** Every request of any other kind. */
  others = [];
  /** Whether `thread` is accepted. */
  threads = false;

  static async start() {
    const api = new StandIn();
    api.server = createServer((request, response) => void api.#handle(request, response));
    api.server.listen(0, '127.0.0.1');
    await once(api.server, 'listening');
    api.url = `http://127.0.0.1:${api.server.address().port}`;
    return api;
  }

  async stop() {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  reset() {
    this.calls.length = 0;
    this.others.length = 0;
  }

  async #handle(request, response) {
    const raw = await buffer(request).catch(() => Buffer.alloc(0));
    const { pathname, searchParams } = new URL(request.url, this.url);
    response.setHeader('request-id', `req_${String(this.calls.length + 1).padStart(6, '0')}`);
    const call = {
      method: request.method,
      pathname,
      searchParams,
      headers: request.headers,
      raw,
      body: null,
    };
    const isMessages = pathname === '/v1/messages' || pathname === '/v1/messages/count_tokens';
    if (isMessages && request.method === 'POST') this.calls.push(call);
    else this.others.push(call);
    const problem = problemOf(call, { key: UPSTREAM_KEY, threads: this.threads });
    if (problem) return sendError(response, ...problem);
    if (pathname.startsWith('/v1/models')) return sendModels(response, pathname, searchParams);
    call.gone = once(response, 'close').then(() => !response.writableFinished);
    await replyTo(call, response, this);
  }
}

function sendModels(response, pathname, searchParams) {
  const id = pathname.slice('/v1/models/'.length);
  const found = MODELS.find((model) => model.id === id);
  if (id && !found) return sendError(response, 404, 'not_found_error', `model: ${id}`);
  const limit = Number(searchParams.get('limit') ?? 20);
  const after = searchParams.get('after_id');
  const start = after ? MODELS.findIndex((model) => model.id === after) + 1 : 0;
  const data = MODELS.slice(start, start + limit);
  const has_more = start + limit < MODELS.length;
  const list = { data, has_more, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  sendJson(response, 200, found ?? list);
}
