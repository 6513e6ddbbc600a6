import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';
import { getOrPut } from '../util/get-or-put.js';

/** Bodies are held for seconds to minutes; a client that waits a moment is likely to find room. */
const RETRY_AFTER_SECONDS = 2;
export const NO_ROOM_CODE = 'ERR_BODIES_IN_FLIGHT';
const NO_ROOM = refusal(
  503,
  'The server holds as many request bodies as it may (MAX_BODIES_BYTES). Try again in a moment.',
  NO_ROOM_CODE,
);
const TENANT_NO_ROOM = refusal(
  429,
  'The server holds as many request bodies of this tenant as it may (TENANT_BODIES_BYTES). Try again in a moment.',
  'ERR_TENANT_BODIES_IN_FLIGHT',
);

/** The bytes that the bodies of one tenant hold. */
interface Share {
  bytes: number;
}

/** The bytes of a body that this process holds. */
export class BodyHold {
  #holders = 1;

  constructor(
    public bytes: number,
    readonly share: Share,
    private readonly release: (hold: BodyHold) => void,
  ) {}

  retain(): void {
    this.#holders += 1;
  }

  leave(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.release(this);
  }
}

/**
 * Bounds the bytes of all request bodies that this process holds at the same time: from the headers that announce a body
 * to the end of the response, during which the request may wait for a worker or for the executor. The bodies of one tenant
 * have a bound of their own, so that no tenant can take all the room.
 */
@Injectable()
export class BodyBudget {
  readonly #maxBytes: number;
  readonly #maxBodyBytes: number;
  readonly #holds = new WeakMap<IncomingMessage, BodyHold>();
  readonly #maxTenantBytes: number;
  readonly #shares = new Map<string, Share>();
  readonly #release = ({ share, bytes }: BodyHold): void => this.#add(share, -bytes);
  #bytes = 0;

  constructor(@Inject(gatewayConfig.KEY) config: BudgetConfig) {
    this.#maxBytes = config.MAX_BODIES_BYTES;
    this.#maxBodyBytes = config.MAX_BODY_BYTES;
    this.#maxTenantBytes = config.TENANT_BODIES_BYTES ?? tenantShare(config);
  }

  /** The bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the room for a body until the hold is left; returns why there is none. */
  take(tenant: string, bytes: number): BodyHold | ProblemError {
    const share = getOrPut(this.#shares, tenant, noBytes);
    return this.#refusal(share, bytes) ?? this.#hold(share, bytes);
  }

  /** Lets the response leave the hold at its end, and further holders find it by the request. */
  assign(hold: BodyHold, request: IncomingMessage, response: ServerResponse): void {
    this.#holds.set(request, hold);
    response.once('close', () => hold.leave());
  }

  /**
   * Holds the announced bytes of a body until the response ends; once per request.
   *
   * @returns why there is no room for them; `null` if there is
   */
  hold(request: IncomingMessage, response: ServerResponse, tenant: string): ProblemError | null {
    if (this.#holds.has(request)) return null;
    const announced = Number(request.headers['content-length'] ?? 0);
    // A body above the limit is refused without being read.
    const hold = this.take(tenant, announced <= this.#maxBodyBytes ? announced : 0);
    if (hold instanceof ProblemError) return hold;
    this.assign(hold, request, response);
    return null;
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
  grow(request: IncomingMessage, bytes: number): ProblemError | null {
    const hold = this.#holds.get(request)!;
    const refused = this.#refusal(hold.share, bytes);
    if (refused !== null) return refused;
    this.#add(hold.share, bytes);
    hold.bytes += bytes;
    return null;
  }

  #refusal(share: Share, bytes: number): ProblemError | null {
    if (this.#bytes + bytes > this.#maxBytes) return NO_ROOM;
    return share.bytes + bytes > this.#maxTenantBytes ? TENANT_NO_ROOM : null;
  }

  #hold(share: Share, bytes: number): BodyHold {
    this.#add(share, bytes);
    return new BodyHold(bytes, share, this.#release);
  }

  #add(share: Share, bytes: number): void {
    this.#bytes += bytes;
    share.bytes += bytes;
  }
}

const noBytes = (): Share => ({ bytes: 0 });

type BudgetConfig = Pick<
  GatewayConfig,
  'MAX_BODIES_BYTES' | 'MAX_BODY_BYTES' | 'TENANT_BODIES_BYTES' | 'API_KEYS'
>;

/** A single tenant may have all the room; of several, each at most half of it. */
function tenantShare({ MAX_BODIES_BYTES: all, MAX_BODY_BYTES: one, API_KEYS: keys }: BudgetConfig): number {
  const tenants = keys?.tenants.length ?? 1;
  return tenants > 1 ? Math.max(one, Math.floor(all / 2)) : all;
}

/** Refuses bodies for which there is no room, before they are read. Must be called after the hooks that check keys. */
export function limitBodies(fastify: FastifyInstance, budget: BodyBudget): void {
  fastify.addHook('onRequest', ({ raw, tenant }, reply, done) => {
    const hasBody =
      raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length']) > 0;
    done((hasBody && budget.hold(raw, reply.raw, tenant.name)) || undefined);
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
    callback(this.budget.grow(this.request, chunk.length), chunk);
  }
}

function refusal(status: number, detail: string, code: string): ProblemError {
  return new ProblemError(status, detail, { code }, RETRY_AFTER_SECONDS);
}
