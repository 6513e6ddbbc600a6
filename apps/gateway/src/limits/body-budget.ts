import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';

/** Bodies are held for seconds to minutes; a client that waits a moment is likely to find room. */
const RETRY_AFTER_SECONDS = 2;
export const NO_ROOM_CODE = 'ERR_BODIES_IN_FLIGHT';

/** The bytes of a body that this process holds. */
class Hold {
  #holders = 1;

  constructor(
    public bytes: number,
    private readonly release: (bytes: number) => void,
  ) {}

  retain(): void {
    this.#holders += 1;
  }

  leave(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.release(this.bytes);
  }
}

/**
 * Bounds the bytes of all request bodies that this process holds at the same time: from the headers that announce a body
 * to the end of the response, during which the request may wait for a worker or for the executor.
 */
@Injectable()
export class BodyBudget {
  readonly #maxBytes: number;
  readonly #maxBodyBytes: number;
  readonly #holds = new WeakMap<IncomingMessage, Hold>();
  readonly #release = (bytes: number): void => {
    this.#bytes -= bytes;
  };
  #bytes = 0;

  constructor(@Inject(gatewayConfig.KEY) config: Pick<GatewayConfig, 'MAX_BODIES_BYTES' | 'MAX_BODY_BYTES'>) {
    this.#maxBytes = config.MAX_BODIES_BYTES;
    this.#maxBodyBytes = config.MAX_BODY_BYTES;
  }

  /** The bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Holds the announced bytes of a body until the response ends; once per request.
   *
   * @returns `false` if there is no room for them
   */
  hold(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#holds.has(request)) return true;
    const announced = Number(request.headers['content-length'] ?? 0);
    // A body above the limit is refused without being read.
    const bytes = announced <= this.#maxBodyBytes ? announced : 0;
    if (!this.#take(bytes)) return false;
    const hold = new Hold(bytes, this.#release);
    this.#holds.set(request, hold);
    response.once('close', () => hold.leave());
    return true;
  }

  /** Holds the body of a request until `work` is settled, also if the response ends before. */
  holdUntil(request: IncomingMessage, work: Promise<unknown>): void {
    const hold = this.#holds.get(request);
    if (hold === undefined) return;
    hold.retain();
    const leave = (): void => hold.leave();
    work.then(leave, leave);
  }

  /** Holds further bytes of a body whose length was not announced. */
  grow(request: IncomingMessage, bytes: number): boolean {
    const hold = this.#holds.get(request);
    if (hold === undefined || !this.#take(bytes)) return false;
    hold.bytes += bytes;
    return true;
  }

  #take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }
}

/** Refuses bodies for which there is no room, before they are read. Must be called after the hooks that check keys. */
export function limitBodies(fastify: FastifyInstance, budget: BodyBudget): void {
  fastify.addHook('onRequest', ({ raw }, reply, done) => {
    const hasBody =
      raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length']) > 0;
    done(hasBody && !budget.hold(raw, reply.raw) ? noRoom() : undefined);
  });
  fastify.addHook('preParsing', ({ raw }, _reply, payload, done) => {
    if (raw.headers['transfer-encoding'] === undefined) return done(null, payload);
    const counted = new CountedBody(raw, budget);
    // An error of the payload destroys the counted body as well, which is where it is read.
    pipeline(payload, counted, () => {});
    done(null, counted);
  });
}

/** Counts a body as it arrives, because its length was not announced. */
class CountedBody extends Transform {
  constructor(
    private readonly request: IncomingMessage,
    private readonly budget: BodyBudget,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.budget.grow(this.request, chunk.length)) callback(null, chunk);
    else callback(noRoom());
  }
}

function noRoom(): ProblemError {
  const detail =
    'The server holds as many request bodies as it may (MAX_BODIES_BYTES). Try again in a moment.';
  return new ProblemError(503, detail, { code: NO_ROOM_CODE }, RETRY_AFTER_SECONDS);
}
