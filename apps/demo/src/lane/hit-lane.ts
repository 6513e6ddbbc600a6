import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import { type NearHit, RedisCacheService } from 'nestjs-redis-cache';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { ConnectionDrain } from '../lifecycle/connection-drain.js';
import { SavingsService } from '../savings/savings.service.js';
import { KnownRequests } from './known-requests.js';
import { type PreparedAnswer, preparedAnswerOf } from './prepared-answer.js';
import { bodyOf } from './read-bodies.js';
import { answerOfBytes } from './stored-answer.js';
import { sendAnswer } from './send-answer.js';

type Ages = Pick<NearHit<unknown>, 'ageSeconds' | 'ttlSeconds' | 'durationMs'>;

/**
 * The short way of a hit: requests that are known, and whose answer is in the cache, are answered in front of
 * Nest's router. Everything else goes on to the route's handler as if there were no lane.
 */
@Injectable()
export class HitLane {
  /** Where no copies are kept in this process, answers come as bytes. */
  readonly #readsBytes: boolean;

  constructor(
    private readonly cache: RedisCacheService,
    private readonly savings: SavingsService,
    private readonly drain: ConnectionDrain,
    readonly known: KnownRequests,
    @Inject(demoConfig.KEY) { CACHE_NEAR: near }: DemoConfig,
  ) {
    this.#readsBytes = !near || cache.getStatus().backend === 'memory';
  }

  /** For the route of completions, in front of its handler. */
  readonly hook: preHandlerHookHandler = (request, reply, done) => {
    if (request.knownKey === '') return done();
    const goOn = (): void => {
      request.body = bodyOf(request);
      done();
    };
    if (this.#readsBytes) return void this.#fromStore(request, reply, goOn);
    const hit = this.cache.hits.near(request.knownKey);
    const answer = hit === undefined ? null : preparedAnswerOf(hit.value);
    if (answer === null || !this.#canSend(reply)) return goOn();
    this.#send(request, reply, answer, hit!, 'near');
  };

  async #fromStore(request: FastifyRequest, reply: FastifyReply, goOn: () => void): Promise<void> {
    const hit = await this.cache.hits.bytes(request.knownKey);
    const answer = hit === null ? null : answerOfBytes(hit);
    if (answer === null || !this.#canSend(reply)) return goOn();
    this.#send(request, reply, answer, hit!, 'redis');
  }

  #send(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: PreparedAnswer,
    ages: Ages,
    source: 'near' | 'redis',
  ): void {
    sendAnswer(reply, answer, ages, source);
    this.savings.countHit(request.tenant.name, answer, ages.durationMs);
  }

  // While the server stops each answer has to close its connection, which is for the handler's way.
  #canSend({ raw }: FastifyReply): boolean {
    return !this.drain.stopping && !raw.destroyed && !raw.headersSent && !raw.hasHeader('connection');
  }
}
