import { afterEach, describe } from '@jest/globals';
import { interestPromises } from './interest-promises.js';
import { orderPromises } from './order-promises.js';
import { resultPromises } from './result-promises.js';
import { stopPromises } from './stop-promises.js';
import { leavingPromises, streamPromises } from './stream-promises.js';
import type { PoolSubject } from './subject.js';
import { watchPromises } from './watch-promises.js';

/** The contract of every driver of the pool; the same suite runs on each. */
export function poolContract(driver: string, subject: PoolSubject): void {
  describe(`the pool's contract: ${driver}`, () => {
    afterEach(() => subject.closeAll());
    resultPromises(subject);
    orderPromises(subject);
    stopPromises(subject);
    interestPromises(subject);
    watchPromises(subject);
    streamPromises(subject);
    leavingPromises(subject);
  });
}
