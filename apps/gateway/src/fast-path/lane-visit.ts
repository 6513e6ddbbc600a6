import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AnswerNote } from '../http/answer-note.js';
import { durationOf, type RequestEnd, type RequestObserver, statusOf, tellAll } from '../http/request-end.js';
import { requestId } from '../http/request-id.js';
import type { Tenant } from '../tenants/tenant.js';
import { LANE_ROUTE } from './lane-request.js';

const NO_BODY: Buffer = Buffer.alloc(0);

/** A request while it is in the lane. Observers are told of its end, unless it went on to the framework. */
export class LaneVisit {
  readonly id: string;
  readonly #startedAt = performance.now();
  readonly #tell: () => void;
  #isHeld = false;
  #hasLeft = false;
  body = NO_BODY;
  /** How the lane came by its answer, once it has one; and what it says of that. */
  answer: AnswerNote | null = null;
  cacheStatus: string | undefined;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly tenant: Tenant,
    observers: readonly RequestObserver[],
  ) {
    this.id = requestId(request);
    this.#tell = () => tellAll(observers, this.#end());
    response.on('close', this.#tell);
  }

  /** So far, in milliseconds. */
  get durationMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Whether it was answered, or left without an answer. */
  get isOver(): boolean {
    return this.#hasLeft || this.response.headersSent || this.response.destroyed;
  }

  /**
   * Keeps the body for whoever may read it later, unless all is over. Has to come before the turn ends in which the
   * body was whole: after it the request would have ended.
   */
  hold(): void {
    if (this.#isHeld || this.isOver) return;
    this.#isHeld = true;
    this.request.pause();
    this.request.unshift(this.body);
  }

  /** On to the framework, unless nobody is there any more. */
  leave(goOn: RequestListener): void {
    if (this.isOver) return;
    this.hold();
    this.#hasLeft = true;
    this.response.off('close', this.#tell);
    goOn(this.request, this.response);
  }

  send(headers: string[], body: string): void {
    this.response.writeHead(200, headers);
    this.response.end(body, 'latin1');
    if (this.#isHeld) this.request.resume();
  }

  #end(): RequestEnd {
    const { id, request, response, tenant, answer, cacheStatus } = this;
    return {
      id,
      method: request.method!,
      route: LANE_ROUTE,
      status: statusOf(response),
      durationMs: durationOf(this.durationMs),
      aborted: !response.writableFinished,
      tenant: tenant.name,
      answer,
      cacheStatus,
    };
  }
}
