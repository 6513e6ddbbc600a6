import type { IncomingMessage, RequestListener } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import type { RequestObserver } from '../http/request-end.js';
import { ConnectionDrain } from '../lifecycle/shutdown.js';
import { SavingsService } from '../savings/savings.service.js';
import type { Gate } from '../security/gate.js';
import { KnownRequests, MAX_KNOWN_BYTES } from './known-requests.js';
import { laneBodyLength } from './lane-request.js';
import { LaneVisit } from './lane-visit.js';
import { preparedAnswerOf } from './prepared-answer.js';
import { type Hit, NEAR, REDIS, sendHit } from './send-hit.js';
import { answerOfBytes } from './stored-answer.js';
import { whenWhole } from './whole-body.js';

const BYTES_OF_HITS = { as: 'bytes', hitsOnly: true } as const;

/** What a visitor meets: the checks that hold for all requests, and the way on if the lane has no answer. */
interface Surroundings {
  readonly gate: Gate;
  readonly goOn: RequestListener;
}

/**
 * The short way of a hit: requests that are known, and whose answer is in the cache, are answered in front of
 * the framework. Everything else goes on as if there were no lane.
 */
@Injectable()
export class HitLane {
  /** Where no copies are kept in this process, answers come as bytes. */
  readonly #readsBytes: boolean;
  readonly #maxBytes: number;

  constructor(
    private readonly cache: RedisCacheService,
    private readonly savings: SavingsService,
    private readonly drain: ConnectionDrain,
    private readonly known: KnownRequests,
    @Inject(gatewayConfig.KEY) { CACHE_NEAR: near, MAX_BODY_BYTES: maxBytes }: GatewayConfig,
  ) {
    this.#maxBytes = Math.min(maxBytes, MAX_KNOWN_BYTES);
    this.#readsBytes = !near || cache.getStatus().backend === 'memory';
  }

  /** Listens to a server's requests. */
  listener(gate: Gate, observers: readonly RequestObserver[], goOn: RequestListener): RequestListener {
    const around: Surroundings = { gate, goOn };
    return (request, response) => {
      const length = this.#bodyLengthOf(request);
      const tenant = length > 0 ? gate.identify(request.headers) : undefined;
      if (tenant === undefined) return goOn(request, response);
      const visit = new LaneVisit(request, response, tenant, observers);
      whenWhole(request, length, (body) => this.#serve(visit, body, around));
    };
  }

  // While the server stops each answer has to close its connection, which is for the framework's hooks.
  #bodyLengthOf(request: IncomingMessage): number {
    return this.drain.stopping ? 0 : laneBodyLength(request, this.#maxBytes);
  }

  #serve(visit: LaneVisit, body: Buffer, around: Surroundings): void {
    visit.body = body;
    const key = this.known.keyOf(visit.tenant.name, body);
    if (key === undefined) this.#leave(visit, around);
    else if (this.#readsBytes) void this.#stored(key).then((hit) => this.#end(visit, hit, around));
    else this.#end(visit, this.#near(key), around);
    visit.hold();
  }

  #near(key: string): Hit | null {
    const ages = this.cache.lookupNear(key);
    const answer = ages === undefined ? null : preparedAnswerOf(ages.value);
    return answer === null ? null : { answer, ages: ages!, note: NEAR };
  }

  async #stored(key: string): Promise<Hit | null> {
    const found = await this.cache.lookup(key, BYTES_OF_HITS);
    if (found.status !== 'hit') return null;
    const answer = answerOfBytes(found);
    return answer === null ? null : { answer, ages: found, note: REDIS };
  }

  #end(visit: LaneVisit, hit: Hit | null, around: Surroundings): void {
    if (hit === null) return this.#leave(visit, around);
    around.gate.countCall(visit.tenant, (limitHeaders) => {
      if (limitHeaders === null) return this.#leave(visit, around);
      if (visit.isOver) return;
      sendHit(visit, hit, [...around.gate.headers, ...limitHeaders]);
      this.savings.countHit(visit.tenant.name, hit.answer, hit.ages.durationMs);
    });
  }

  #leave(visit: LaneVisit, { goOn }: Surroundings): void {
    this.known.see(visit.request, visit.body);
    visit.leave(goOn);
  }
}
