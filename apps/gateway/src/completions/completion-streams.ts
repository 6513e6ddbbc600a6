import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { type Completion, type CompletionEvent, isLargeJson } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { type AnswerOrigin, originHeaders, sendAnswer, setHeaders } from '../http/answer.js';
import { EVENTS_TYPE, EventStream, STREAM_HEADERS } from '../http/event-stream.js';
import { ProblemError } from '../http/problem.js';
import { problemOf } from '../http/problem-details.filter.js';
import { StreamProgress } from '../http/stream-progress.js';
import { LATE, within } from '../util/deadline.js';
import type { CompletionAnswer, CompletionCall } from './completion-call.js';
import { type CompletionPiece, isEnd, isGap, replayPieces } from './completion-pieces.js';
import { CompletionsService } from './completions.service.js';
import type { LiveCompletion, StreamedCompletion } from './live-completion.js';

/** How a route renders a completion as events. An empty text is not sent. */
export interface StreamFormat {
  /** Keeps the connection alive. */
  readonly ping: string;
  /** Renders all events of a stored answer. */
  stored(answer: CompletionAnswer): string;
  event(event: CompletionEvent): string;
  /** Renders the end of a completion whose events were sent. */
  end(value: Completion, origin: AnswerOrigin): string;
  error(error: ProblemError, requestId: string): string;
}

/** Sends completions as Server-Sent Events: stored ones at once, others while they are computed. */
@Injectable()
export class CompletionStreams {
  readonly #logger = new Logger(CompletionStreams.name);

  constructor(
    private readonly completions: CompletionsService,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  /**
   * Sends the events of a call. If there is none within `MESSAGES_PING_MS`, the response starts with pings, and a later
   * failure is an event.
   *
   * @returns the cache key of the answer; `null` if the response had to start without an event
   * @throws what `CompletionsService.stream` throws within that time
   */
  async send(call: CompletionCall, reply: FastifyReply, format: StreamFormat): Promise<string | null> {
    const progress = new StreamProgress(() => reply.elapsedTime);
    reply.stream = progress;
    const opening = this.completions.stream(call);
    try {
      const opened = await within(opening, this.config.MESSAGES_PING_MS);
      setHeaders(reply, STREAM_HEADERS);
      if (opened === LATE) return this.#sendLate(opening, reply, format);
      if ('live' in opened) return this.#sendLive(opened.live, reply, format);
      return await this.#sendStored(opened.answer, reply, format);
    } catch (error) {
      progress.failed((error as { code?: string }).code);
      throw error;
    }
  }

  async #sendStored(answer: CompletionAnswer, reply: FastifyReply, format: StreamFormat): Promise<string> {
    const isLarge = isLargeJson(answer.result.value);
    if (isLarge) await nextTurn();
    const events = format.stored(answer);
    if (isLarge) await nextTurn();
    reply.stream!.origin = answer.result;
    reply.stream!.sent();
    sendAnswer(reply, answer, EVENTS_TYPE, events);
    return answer.result.key;
  }

  #sendLive(live: LiveCompletion, reply: FastifyReply, format: StreamFormat): string {
    const { origin, cacheStatus } = live;
    setHeaders(reply, originHeaders(origin, formatCacheStatus(cacheStatus), reply.elapsedTime));
    this.#send(live, reply, format);
    return live.key;
  }

  #sendLate(opening: Promise<StreamedCompletion>, reply: FastifyReply, format: StreamFormat): null {
    this.#send(opening.then(toLive), reply, format).ping();
    return null;
  }

  #send(
    opening: LiveCompletion | Promise<LiveCompletion>,
    reply: FastifyReply,
    format: StreamFormat,
  ): EventStream<CompletionPiece> {
    const response = new LiveResponse(reply, format);
    const events = new EventStream<CompletionPiece>({
      pieces:
        opening instanceof Promise ? opening.then((live) => response.begin(live)) : response.begin(opening),
      render: (piece) => response.render(piece),
      renderError: (error) => response.fail(problemOf(error, reply.request.id, this.#logger)),
      ping: format.ping,
      pingMs: this.config.MESSAGES_PING_MS,
    });
    void reply.send(events);
    return events;
  }
}

function toLive(opened: StreamedCompletion): LiveCompletion {
  if ('live' in opened) return opened.live;
  const { result, cacheStatus } = opened.answer;
  // It was counted when it was found.
  const pieces = asynchronously(replayPieces(result.value));
  return { key: result.key, origin: result, cacheStatus, pieces, count: () => {} };
}

async function* asynchronously<Piece>(pieces: Iterable<Piece>): AsyncGenerator<Piece> {
  yield* pieces;
}

/** A response whose events are sent while the completion is computed. */
class LiveResponse {
  #live: LiveCompletion | undefined;

  constructor(
    private readonly reply: FastifyReply,
    private readonly format: StreamFormat,
  ) {}

  begin(live: LiveCompletion): AsyncIterable<CompletionPiece> {
    this.#live = live;
    this.reply.stream!.origin = live.origin;
    return live.pieces;
  }

  render(piece: CompletionPiece): string {
    if (isEnd(piece)) return this.#end(piece.value, this.#live!);
    if (isGap(piece)) throw new ProblemError(502, piece.message, { code: piece.code });
    const text = this.format.event(piece);
    if (text !== '') this.reply.stream!.sent();
    return text;
  }

  fail(error: ProblemError): string {
    this.reply.stream!.failed(error.code);
    this.reply.failure = error;
    return this.format.error(error, this.reply.request.id);
  }

  #end(value: Completion, live: LiveCompletion): string {
    this.reply.answer = live.origin;
    live.count(value);
    return this.format.end(value, live.origin);
  }
}
