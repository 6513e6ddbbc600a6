import { All, Controller, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../http/problem.js';
import { extendRouteConfig, WithErrorShape } from '../http/route-config.js';
import { messagesErrorShape } from './messages-error.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** There is no such route: see {@link refuseUnknownRoutes}. */
    isUnknown?: boolean;
  }
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^\/v1\/messages\/batches(\/|$|\?)/,
    'This gateway has no message batches: the API keeps them for its account, so that every tenant could read them.',
  ],
  [
    /^\/v1\/files(\/|$|\?)/,
    'This gateway has no files: the API keeps them for its account, so that every tenant could read them.',
  ],
  [
    /^\/v1\/responses(\/|$|\?)/,
    'This gateway has no Responses API: use POST /v1/chat/completions (client.chat.completions.create).',
  ],
  [/^/, 'This gateway has no such route.'],
];

/** Refuses every other route below `/v1` in the form of the Messages API, whose clients cannot read any other. */
@Controller('v1')
@ApiExcludeController()
export class UnknownRoutesController {
  @All('*')
  @extendRouteConfig({ isUnknown: true })
  @WithErrorShape(messagesErrorShape)
  refuse(@Req() { url }: FastifyRequest): never {
    throw unknownRoute(url);
  }
}

/** Refuses unknown routes before their bodies are read: a file would otherwise get a 415. */
export function refuseUnknownRoutes(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ routeOptions, url }, _reply, done) => {
    done(routeOptions.config?.isUnknown ? unknownRoute(url) : undefined);
  });
}

function unknownRoute(url: string): ProblemError {
  const [, detail] = REASONS.find(([path]) => path.test(url))!;
  return new ProblemError(404, detail, { code: 'ERR_NO_ROUTE' });
}
