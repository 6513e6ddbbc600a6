import type { RequestListener } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import type { CacheStatus } from 'nestjs-redis-cache/http';
import { HitCache, type HitResponse, type KnownRequest, MAX_BODY_BYTES } from '../completions/hit-cache.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import type { RequestObserver } from '../http/request-end.js';
import type { Interceptor } from '../http/servers.js';
import { ProblemError } from '../http/problem.js';
import { BodyBudget } from '../limits/body-budget.js';
import { SavingsService } from '../savings/savings.service.js';
import type { Gate } from '../security/protect.js';
import { FastRequest, fastBodyLength, type FoundHit } from './fast-request.js';

/** A hit that can be sent. */
interface Hit {
  readonly response: HitResponse;
  readonly found: FoundHit;
}

/** What a request needs apart from itself: the checks of all requests, and Fastify for requests without a hit. */
interface Surroundings {
  readonly gate: Gate;
  readonly next: RequestListener;
}

const BYTES_OF_HITS = { as: 'bytes', hitsOnly: true } as const;
const COUNTED_AS_HIT: CacheStatus = { outcome: 'hit', ttlSeconds: null };

/**
 * Sends hits without Fastify, which takes about half of the time of a hit: requests that were valid before, and whose
 * answer is in the cache. Fastify handles everything else.
 */
@Injectable()
export class FastPath {
  /** Without near copies in this process, answers are read as bytes. */
  readonly #readsBytes: boolean;
  readonly #maxBytes: number;

  constructor(
    private readonly cache: RedisCacheService,
    private readonly hits: HitCache,
    private readonly savings: SavingsService,
    private readonly budget: BodyBudget,
    @Inject(gatewayConfig.KEY) { CACHE_NEAR: near, MAX_BODY_BYTES: maxBytes }: GatewayConfig,
  ) {
    this.#maxBytes = Math.min(maxBytes, MAX_BODY_BYTES);
    this.#readsBytes = !near || cache.getStatus().backend === 'memory';
  }

  /** Creates the interceptor of the servers' requests. */
  interceptor(gate: Gate, observers: readonly RequestObserver[]): Interceptor {
    return (incoming, response, next) => {
      const length = fastBodyLength(incoming, this.#maxBytes);
      const tenant = length > 0 ? gate.identify(incoming) : undefined;
      if (tenant === undefined) return next(incoming, response);
      const hold = this.budget.take(tenant.name, length);
      // Without room for the body, Fastify refuses it as it refuses others.
      if (hold instanceof ProblemError) return next(incoming, response);
      const request = new FastRequest(incoming, response, tenant, hold, observers);
      request.readBody(length, (body) => this.#serve(request, body, { gate, next }));
    };
  }

  #serve(request: FastRequest, body: Buffer, around: Surroundings): void {
    const known = this.hits.find(request.scope, body);
    if (known === undefined) this.#pass(request, around);
    else if (this.#readsBytes) void this.#redisHit(known).then((hit) => this.#end(request, hit, around));
    else this.#end(request, this.#nearHit(known), around);
    request.restoreBody();
  }

  #nearHit(known: KnownRequest): Hit | null {
    const found = this.cache.lookupNear(known.traits.key);
    const response = found ? this.hits.responseTo(known, found.value) : null;
    return response === null ? null : { response, found: found! };
  }

  async #redisHit(known: KnownRequest): Promise<Hit | null> {
    const found = await this.cache.lookup(known.traits.key, BYTES_OF_HITS);
    if (found.status !== 'hit') return null;
    const response = this.hits.responseTo(known, found.json);
    return response === null ? null : { response, found };
  }

  #end(request: FastRequest, hit: Hit | null, around: Surroundings): void {
    if (hit === null) return this.#pass(request, around);
    const { gate } = around;
    gate.count(request.tenant, ({ isExceeded, headers }) => {
      if (isExceeded) return this.#pass(request, around);
      if (request.isOver) return;
      const { response, found } = hit;
      const cors = gate.corsHeaders(request.incoming.headers.origin);
      request.send(response, found, gate.headers, cors.concat(headers));
      this.savings.countAnswer(request.tenant.name, COUNTED_AS_HIT, response.cost, found.durationMs);
    });
  }

  #pass(request: FastRequest, { next }: Surroundings): void {
    if (request.isOver) return;
    const { incoming, response, hold, scope, body } = request;
    this.hits.associate(incoming, scope, body);
    this.budget.assign(hold, incoming, response);
    request.passTo(next);
  }
}
