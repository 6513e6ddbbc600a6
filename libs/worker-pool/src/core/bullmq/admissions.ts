import type { Fullness, QueueCommands } from './queue-commands.js';

interface Candidate {
  taskId: string;
  settle(outcome: Promise<(Fullness | null)[]>, index: number): void;
}

/** Asks for the admission of tasks, in one call for all whose replies came together. */
export class Admissions {
  #candidates: Candidate[] = [];

  constructor(
    private readonly commands: QueueCommands,
    private readonly maxBacklog: number,
  ) {}

  /**
   * `null` when the task stays in the queue; else it was taken out again.
   *
   * @throws {PoolUnavailableError} within the deadline of a call
   */
  admit(taskId: string): Promise<Fullness | null> {
    return new Promise((resolve, reject) => {
      const settle: Candidate['settle'] = (outcome, index) =>
        void outcome.then((answers) => resolve(answers[index] ?? null), reject);
      this.#candidates.push({ taskId, settle });
      if (this.#candidates.length === 1) {
        // After the promises of what has arrived, before anything else arrives.
        process.nextTick(() => this.#ask());
      }
    });
  }

  #ask(): void {
    const candidates = this.#candidates;
    this.#candidates = [];
    const outcome = this.commands.admit(
      candidates.map(({ taskId }) => taskId),
      this.maxBacklog,
    );
    candidates.forEach(({ settle }, index) => settle(outcome, index));
  }
}
