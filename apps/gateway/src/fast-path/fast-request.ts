import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ValueHit } from 'nestjs-redis-cache';
import { acceptsEvents } from '../completions/completion-call.js';
import type { HitResponse } from '../completions/hit-cache.js';
import { type AnswerOrigin, originHeaders } from '../http/answer.js';
import { isOpenAiClient } from '../http/openai-client.js';
import { reportEnd, type RequestFacts, type RequestObserver } from '../http/request-end.js';
import { REQUEST_ID_HEADER, requestId } from '../http/request-id.js';
import { StreamProgress } from '../http/stream-progress.js';
import type { BodyHold } from '../limits/body-budget.js';
import type { Tenant } from '../tenants/tenant.js';

const MESSAGES = '/v1/messages';
/** The URLs that the fast path serves, with their routes. Clients of betas add a query, which has no influence. */
const ROUTES: ReadonlyMap<string | undefined, string> = new Map([
  ['/v1/completions', '/v1/completions'],
  [MESSAGES, MESSAGES],
  [`${MESSAGES}?beta=true`, MESSAGES],
]);
const JSON_TYPES = new Set(
  ['', '; charset=utf-8', ';charset=utf-8'].map((charset) => `application/json${charset}`),
);
/** Headers of the Messages API, which may influence the answer. */
const API_HEADERS = 'anthropic-';
const NO_BODY: Buffer = Buffer.alloc(0);

/** A hit without its value: where it came from, and its times. */
export type FoundHit = Omit<ValueHit<unknown>, 'value'>;

/**
 * The length of a request's body if the fast path may serve the request: a plain request for a completion. 0 for all
 * other requests, and for bodies longer than `maxBytes`.
 */
export function fastBodyLength({ url, method, headers }: IncomingMessage, maxBytes: number): number {
  const route = ROUTES.get(url);
  if (route === undefined || method !== 'POST' || !JSON_TYPES.has(headers['content-type']!)) return 0;
  if (headers['cache-control'] !== undefined || headers.prefer !== undefined) return 0;
  if (route !== MESSAGES && (acceptsEvents(headers.accept) || isOpenAiClient(headers))) return 0;
  const length = Number(headers['content-length']);
  return length <= maxBytes ? length : 0;
}

/**
 * A request on the fast path, until it gets its response or is passed on to Fastify. Observers are notified of its end
 * unless it was passed on.
 */
export class FastRequest {
  readonly #id: string;
  readonly #route: string;
  readonly #startedAt = performance.now();
  readonly #onEnd: () => void;
  /** Empty until the whole body has arrived. */
  body = NO_BODY;
  #isBodyRestored = false;
  #isPassedOn = false;
  #answer: AnswerOrigin | null = null;
  #cacheStatus: string | undefined;
  #progress: StreamProgress | null = null;

  constructor(
    readonly incoming: IncomingMessage,
    readonly response: ServerResponse,
    readonly tenant: Tenant,
    /** The room of the body, which is left at the end of the request unless it is passed on. */
    readonly hold: BodyHold,
    observers: readonly RequestObserver[],
  ) {
    this.#id = requestId(incoming);
    this.#route = ROUTES.get(incoming.url)!;
    this.#onEnd = () => {
      hold.leave();
      reportEnd(observers, response, this.#facts(), this.#elapsedMs);
    };
    response.on('close', this.#onEnd);
  }

  /** Requests of one scope with the same body get the same answer. */
  get scope(): string {
    const { headers } = this.incoming;
    if (this.#route !== MESSAGES) return `${this.tenant.name} ${this.#route}`;
    const names = Object.keys(headers).filter((name) => name.startsWith(API_HEADERS));
    return [
      this.tenant.name,
      this.#route,
      ...names.toSorted().map((name) => `${name}:${String(headers[name])}`),
    ].join('\n');
  }

  /** Calls back with the whole body, before the request ends. Never calls back if the client leaves before. */
  readBody(length: number, then: (body: Buffer) => void): void {
    const chunks: Buffer[] = [];
    let received = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < length) return;
      this.incoming.off('data', take);
      this.body = chunks.length === 1 ? chunk : Buffer.concat(chunks);
      then(this.body);
    };
    this.incoming.on('data', take);
  }

  /** Whether the response was sent, the client left, or the request was passed on. */
  get isOver(): boolean {
    return this.#isPassedOn || this.response.headersSent || this.response.destroyed;
  }

  /**
   * Puts the body back so that Fastify can read it later. Must be called in the turn of the event loop in which the body
   * was complete: after it the request would have ended.
   */
  restoreBody(): void {
    if (this.#isBodyRestored || this.isOver) return;
    this.#isBodyRestored = true;
    this.incoming.pause();
    this.incoming.unshift(this.body);
  }

  /** Lets Fastify handle the request, which must not be over. */
  passTo(next: RequestListener): void {
    this.restoreBody();
    this.#isPassedOn = true;
    this.response.off('close', this.#onEnd);
    next(this.incoming, this.response);
  }

  /** Sends the response to a hit, with further headers as names and values in turn. */
  send(hit: HitResponse, found: FoundHit, headers: readonly string[], more: readonly string[]): void {
    const cacheStatus = hit.cacheStatus(found.ttlSeconds);
    this.#answer = found;
    this.#cacheStatus = cacheStatus;
    if (hit.isStreamed) this.#progress = this.#progressOf(found);
    const ids = this.#route === MESSAGES ? ['request-id', this.#id] : [];
    const own = [REQUEST_ID_HEADER, this.#id, ...ids, ...hit.headers];
    const origin = originHeaders(found, cacheStatus, this.#elapsedMs);
    this.response.writeHead(200, headers.concat(more, origin, own));
    this.response.end(hit.body, 'latin1');
    if (this.#isBodyRestored) this.incoming.resume();
  }

  #progressOf(origin: AnswerOrigin): StreamProgress {
    const progress = new StreamProgress(() => this.#elapsedMs);
    progress.origin = origin;
    progress.sent();
    return progress;
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  #facts(): RequestFacts {
    return {
      id: this.#id,
      method: this.incoming.method!,
      route: this.#route,
      tenant: this.tenant.name,
      answer: this.#answer,
      cacheStatus: this.#cacheStatus,
      failure: null,
      progress: this.#progress,
    };
  }
}
