import { ask } from './api.js';
import { showNumbers } from './numbers-view.js';

const AT_LEAST_EVERY_MS = 5_000;

/** Polls the counters of `/v1/cache/stats`: after each answer, and from time to time. */
export class Savings {
  #seen = '';
  #askedAt = 0;
  #asking = false;

  /** Call this when the counters may have changed. */
  follow(answers) {
    const seen = JSON.stringify(answers.status);
    const isOld = performance.now() - this.#askedAt > AT_LEAST_EVERY_MS;
    if (seen === this.#seen && !isOld) return;
    this.#seen = seen;
    this.refresh();
  }

  async refresh() {
    if (this.#asking) return;
    this.#asking = true;
    this.#askedAt = performance.now();
    try {
      const response = await ask('/v1/cache/stats');
      const { total, shared } = await response.json();
      showNumbers(total, shared);
    } catch {
      // The connection indicator shows the problem; the last numbers stay.
    } finally {
      this.#asking = false;
    }
  }
}
