/**
 * A server that speaks Anthropic's Messages API, for tests: `POST /v1/messages`, whole or as a stream, and
 * `POST /v1/messages/count_tokens`, with the checks that the API makes of key, version and form. What it answers is chosen by a mark in the prompt, see
 * behaviours.ts, or by the next one of a script.
 *
 *   const api = await MessagesApi.start();
 *   const gateway = await startGateway({ WORKER_EXECUTOR: 'anthropic', ...api.env });
 *   …
 *   expect(api.calls).toHaveLength(1);
 *   await api.stop();
 */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { within } from '@test/support/until.js';
import { type ApiCall, behaviours, refuse } from './behaviours.js';
import { Steps } from './steps.js';

const KEY = 'sk-ant-test-0123456789';
const VERSIONS = ['2023-06-01', '2026-10-21'];
const SAMPLING = ['temperature', 'top_p', 'top_k'];
const COUNT_URL = '/v1/messages/count_tokens';
const NOT_COUNTED = [...SAMPLING, 'max_tokens', 'stop_sequences', 'metadata', 'stream'];
const MARK = /\[\[api ([a-z-]+)(?: ([^\]]+))?\]\]/;

export class MessagesApi {
  /** Every request with the right key, oldest first. */
  readonly calls: ApiCall[] = [];
  /** Behaviours of the next requests, in their order, as in marks; they win over marks. */
  readonly script: string[] = [];
  readonly #arrivals = new EventEmitter();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    this.#arrivals.setMaxListeners(0);
  }

  static async start(): Promise<MessagesApi> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const api = new MessagesApi(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, reply) => void api.#handle(request, reply));
    return api;
  }

  readonly key = KEY;

  /** Environment of a process that is to use this server. */
  get env(): Record<string, string> {
    return { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: this.url };
  }

  /** The request with this index, already here or yet to come. */
  async call(index: number): Promise<ApiCall> {
    while (this.calls.length <= index) {
      await within(once(this.#arrivals, 'call'), { what: `call ${index} of the Messages API` });
    }
    return this.calls[index]!;
  }

  /** Ends, with every connection. */
  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  async #handle(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const body = (await json(request).catch(() => null)) as ApiCall['body'] | null;
    const problem = problemOf(request, body);
    if (problem || !body) {
      const [status, type, message] = problem ?? [400, 'invalid_request_error', 'not JSON'];
      refuse(reply, status, type, message);
      return;
    }
    const call = callOf(request, reply, body);
    const usual = request.url === COUNT_URL ? 'count' : 'facts';
    const [, mode = usual, argument = ''] = MARK.exec(this.#markFor(call)) ?? [];
    this.calls.push(call);
    this.#arrivals.emit('call');
    await behaviours[mode]!(reply, call, argument);
  }

  #markFor(call: ApiCall): string {
    const scripted = this.script.shift();
    return scripted === undefined ? call.text : `[[api ${scripted}]]`;
  }
}

type Problem = [status: number, type: string, message: string];

function problemOf(
  { method, url, headers }: IncomingMessage,
  body: ApiCall['body'] | null,
): Problem | undefined {
  const isCount = url === COUNT_URL;
  if (method !== 'POST' || (url !== '/v1/messages' && !isCount)) return [404, 'not_found_error', 'Not found'];
  if (headers.authorization !== `Bearer ${KEY}` && headers['x-api-key'] !== KEY) {
    return [401, 'authentication_error', 'invalid x-api-key'];
  }
  const version = String(headers['anthropic-version']);
  if (!VERSIONS.includes(version)) return [400, 'invalid_request_error', `anthropic-version: ${version}`];
  const needed = isCount ? ['model', 'messages'] : ['model', 'max_tokens', 'messages'];
  const missing = needed.find((field) => body?.[field] === undefined);
  if (missing) return [400, 'invalid_request_error', `${missing}: Field required`];
  const refused = isCount ? NOT_COUNTED : version === VERSIONS[1] ? SAMPLING : [];
  const extra = refused.find((field) => body && field in body);
  return extra ? [400, 'invalid_request_error', `${extra}: Extra inputs are not permitted`] : undefined;
}

function callOf({ headers }: IncomingMessage, reply: ServerResponse, body: ApiCall['body']): ApiCall {
  const gate = new EventEmitter();
  const ended = new Promise<'answered' | 'gone'>((resolve) => {
    reply.on('close', () => resolve(reply.writableFinished ? 'answered' : 'gone'));
  });
  return { headers, body, text: JSON.stringify(body['messages']), ended, gate, steps: new Steps() };
}
