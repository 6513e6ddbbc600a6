import { ProblemError } from '../http/problem.js';

/** Nothing is stored that would do, and the request asked for no more. */
export class NotCachedError extends ProblemError {
  constructor() {
    super(504, 'No stored answer will do, and only-if-cached asks for no other.', {
      code: 'ERR_ONLY_IF_CACHED',
    });
    this.name = 'NotCachedError';
  }
}
