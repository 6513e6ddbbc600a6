import type { onRequestHookHandler } from 'fastify';
import { ProblemError } from '../http/problem.js';

/** A hook that refuses URLs of more than `maxLength` characters with 414. */
export function limitUrl(maxLength: number): onRequestHookHandler {
  const tooLong = new ProblemError(414, `The URL is longer than the limit of ${maxLength} characters.`, {
    code: 'ERR_URL_TOO_LONG',
  });
  return (request, _reply, done) => done(request.raw.url!.length > maxLength ? tooLong : undefined);
}
