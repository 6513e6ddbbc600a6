import { describeFailure } from 'nestjs-redis-connection';
import type { PoolLogger } from '../contract/logger.js';
import { LOG_CONTEXT } from '../tasks/task-runner.js';
import { isConnectionProblem } from './queue-link.js';

const MAX_FAULTS = 32;

/** BullMQ names the task; of many tasks that fail alike one line is enough. */
const TASK_ID = /\bjob [\w-]+/g;

/**
 * Logs what the user has to correct, such as a database that cannot be selected or a missing right: one line per
 * fault until the connection is up again. An unavailable Redis is reported by the pool's health.
 */
export class FaultLog {
  readonly #reported = new Set<string>();
  #isClosing = false;

  constructor(private readonly logger: PoolLogger) {}

  readonly report = (error: unknown): void => {
    const fault = describeFailure(error).replace(TASK_ID, 'a task');
    if (this.#isClosing || isConnectionProblem(error) || this.#reported.has(fault)) {
      return;
    }
    for (const oldest of this.#reported) {
      if (this.#reported.size < MAX_FAULTS) break;
      this.#reported.delete(oldest);
    }
    this.#reported.add(fault);
    this.logger.warn(fault, LOG_CONTEXT);
  };

  /** The connection is up again: a fault that comes back is logged again. */
  recovered(): void {
    this.#reported.clear();
  }

  /** Ends the reports: what fails while the pool closes is of no concern. */
  close(): void {
    this.#isClosing = true;
  }
}
