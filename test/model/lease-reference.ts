/** A step of the model: what one of three processes does with its lease, or what happens to Redis. */
export type LeaseStep =
  | { does: 'acquire'; process: number; force: boolean; hasStale: boolean }
  | { does: LeaseAction; process: number }
  | { does: 'delete' | 'expire' | 'lose data' };

/** What a process does with the token that it acquired last, whether or not that still holds the lease. */
export type LeaseAction =
  'renew' | 'complete' | 'put' | 'fail' | 'share' | 'release' | 'adopt' | 'read' | 'peek';

/** The reply to a step: `true`, `false` or a state, with what comes with it. */
export type LeaseReply = readonly [state: string | boolean, more?: string | null];

interface Process {
  /** Acquired last. */
  token: string | null;
  /** The entry that it has read. */
  seen: string | null;
}

/** What a lease store has to do, for one key, in the simplest form: no time, no bytes, no scripts. */
export class LeaseReference {
  readonly processes: readonly Process[] = [1, 2, 3].map(() => ({ token: null, seen: null }));
  holder: string | null = null;
  /** What the last holder left: a failure or a value that is not stored. */
  #left: { state: 'failed' | 'value'; token: string } | null = null;
  #entry: string | null = null;

  /** `text` is the token of an acquisition, or the entry that is stored. */
  take(step: LeaseStep, text: string): LeaseReply | null {
    if (!('process' in step)) return this.#happen(step.does);
    const process = this.processes[step.process]!;
    if (step.does === 'acquire') return this.#acquire(process, text, step);
    if (step.does === 'read') return [(process.seen = this.#entry) !== null, this.#entry];
    if (step.does === 'peek') return this.#peek(process);
    if (step.does === 'adopt') return this.#adopt(process, text);
    const isHolder = process.token !== null && process.token === this.holder;
    if (isHolder) this.#act(step.does, text);
    return [isHolder];
  }

  #happen(what: 'delete' | 'expire' | 'lose data'): null {
    this.holder = null;
    if (what !== 'delete' || this.#left) this.#left = null;
    if (what !== 'expire') this.#entry = null;
    return null;
  }

  #acquire(process: Process, token: string, request: { force: boolean; hasStale: boolean }): LeaseReply {
    if (this.holder !== null && !request.force) return ['held', this.holder];
    if (this.holder === null && this.#left?.state === 'failed' && request.hasStale)
      return ['failed', this.#left.token];
    if (!request.force && this.#isNews(process)) return ['entry', this.#entry];
    this.#hold(process, token);
    return ['acquired'];
  }

  #adopt(process: Process, next: string): LeaseReply {
    if (process.token !== null && process.token === this.holder) return ['adopted'];
    if (this.holder !== null) return ['held'];
    this.#hold(process, next);
    return ['taken'];
  }

  #peek(process: Process): LeaseReply {
    if (this.#isNews(process)) return ['entry', this.#entry];
    if (this.holder !== null) return ['held', this.holder];
    if (this.#left === null || this.#left.token !== process.token) return ['gone'];
    return [this.#left.state, this.#left.token];
  }

  #act(what: Exclude<LeaseAction, 'adopt' | 'read' | 'peek'>, entry: string): void {
    if (what === 'complete' || what === 'put') this.#entry = entry;
    if (what === 'renew' || what === 'put') return;
    this.#left = null;
    if (what === 'fail') this.#left = { state: 'failed', token: this.holder! };
    if (what === 'share') this.#left = { state: 'value', token: this.holder! };
    this.holder = null;
  }

  #isNews({ seen }: Process): boolean {
    return this.#entry !== null && this.#entry !== seen;
  }

  #hold(process: Process, token: string): void {
    process.token = token;
    this.holder = token;
    this.#left = null;
  }
}
