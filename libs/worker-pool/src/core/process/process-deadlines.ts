import type { ProcessTimeoutKind } from '../errors/process-timeout.error.js';

/** Limits in milliseconds. */
export interface ProcessLimits {
  wallTimeoutMs: number;
  idleTimeoutMs: number;
}

/** The two time limits of a process: for its whole run, and since it last wrote something. */
export class ProcessDeadlines {
  readonly #wall: NodeJS.Timeout;
  readonly #idle: NodeJS.Timeout;

  constructor(
    { wallTimeoutMs, idleTimeoutMs }: ProcessLimits,
    onExpiry: (kind: ProcessTimeoutKind, timeoutMs: number) => void,
  ) {
    this.#wall = setTimeout(() => onExpiry('wall', wallTimeoutMs), wallTimeoutMs);
    this.#idle = setTimeout(() => onExpiry('idle', idleTimeoutMs), idleTimeoutMs);
  }

  /** The process wrote something. */
  touch(): void {
    this.#idle.refresh();
  }

  clear(): void {
    clearTimeout(this.#wall);
    clearTimeout(this.#idle);
  }
}
