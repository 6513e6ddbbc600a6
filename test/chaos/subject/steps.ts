import { isSame, answerAfter, type Data } from '../promise.js';
import { OPERATIONS } from '../operations/index.js';
import type { Operation, Program, Session } from '../operations/operation.js';
import { until, within } from '@test/support/until.js';

/** What the calls of one operation gave. */
export interface Outcome {
  /** Each different answer once; a rejection as `rejected: <reason>`. */
  readonly answers: readonly unknown[];
  /** How long the calls took together, in milliseconds. */
  readonly ms: number;
  /** How many of them waited for a whole deadline. */
  readonly timeouts: number;
}

/** By name of the operation. */
export type ByOperation<T> = Record<string, T>;

/** Above it, a call counts as hung; a slow machine stays below. */
const HANG_MS = 30_000;
const RECOVERY_MS = 30_000;
const REJECTED = 'rejected: ';

/** Every operation of one program, each on its own cache, queue or pool. All run at the same time. */
export class Steps {
  readonly #sessions = new Map<Operation, Session>();

  constructor(private readonly program: Program) {}

  async open(): Promise<void> {
    for (const operation of OPERATIONS) this.#sessions.set(operation, await operation.open(this.program));
  }

  /** Waits until Redis serves, and stores what the calls need. */
  async prepare(): Promise<ByOperation<void>> {
    return this.#each(async (operation, session) => {
      const what = `${operation.name} to be served before the fault`;
      await until(() => session.isBack(), { what, timeoutMs: RECOVERY_MS });
      await session.prepare?.();
    });
  }

  /** Calls each operation, `calls` times one after the other. */
  async call(calls: number): Promise<ByOperation<Outcome>> {
    return this.#each(async (_operation, session) => {
      const startedAt = performance.now();
      const timeoutsBefore = session.timeouts?.() ?? 0;
      const answers: unknown[] = [];
      for (let call = 0; call < calls; call += 1) {
        const answer = await answerOf(session);
        if (!answers.some((known) => isSame(known, answer))) answers.push(answer);
        // The verdict is clear; the other calls might hang as well.
        if (String(answer).startsWith(REJECTED)) break;
      }
      const timeouts = (session.timeouts?.() ?? 0) - timeoutsBefore;
      return { answers, ms: Math.round(performance.now() - startedAt), timeouts };
    });
  }

  /** The fault has ended: returns the last answer of each operation, the promised one as soon as there is one. */
  async recover(data: Data): Promise<ByOperation<unknown>> {
    return this.#each(async (operation, session) => {
      const promised = answerAfter(operation, data);
      let last: unknown = 'not back';
      const isKept = async (): Promise<boolean> => {
        if (!(await session.isBack())) return false;
        last = await answerOf(session);
        return isSame(last, promised);
      };
      await until(isKept, { what: 'the promised answer', timeoutMs: RECOVERY_MS, everyMs: 50 }).catch(
        () => false,
      );
      return last;
    });
  }

  async lost(): Promise<ByOperation<unknown[]>> {
    return this.#each(async (_operation, session) => (await session.lost?.()) ?? []);
  }

  /** Returns what each operation has logged. */
  async close(): Promise<ByOperation<readonly string[]>> {
    return this.#each(async (_operation, session) => {
      await session.close();
      return session.lines();
    });
  }

  async #each<T>(step: (operation: Operation, session: Session) => Promise<T>): Promise<ByOperation<T>> {
    const entries = [...this.#sessions].map(async ([operation, session]) => {
      return [operation.name, await step(operation, session)] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }
}

async function answerOf(session: Session): Promise<unknown> {
  try {
    return await within(session.run(), { what: 'an answer', timeoutMs: HANG_MS });
  } catch (error) {
    return `${REJECTED}${String(error)}`;
  }
}
