import { RedisCacheError } from './redis-cache.error.js';

/** A ticket that was not made by `ticketFor` or `getOrSet`, or was damaged on its way. */
export class InvalidTicketError extends RedisCacheError {
  readonly code = 'ERR_CACHE_INVALID_TICKET';
}
