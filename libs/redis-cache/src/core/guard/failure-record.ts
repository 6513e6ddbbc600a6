import { describeFailure, failureCode } from 'nestjs-redis-connection';
import type { CacheLogger } from '../util/cache-logger.js';

const MAX_REPORTED = 32;
/** Missing rights are learnt from the commands that are sent; one that was not refused for so long counts as granted. */
const DENIAL_MS = 5_000;
const MISSING_RIGHT = 'NOPERM';

/** What failed lately: the latest failure until operations succeed again, and the commands that the user may not run. */
export class FailureRecord {
  readonly #reported = new Set<string>();
  /** When each command was last refused, in epoch milliseconds. */
  readonly #denied = new Map<string, number>();
  #code: string | null = null;

  constructor(private readonly logger: CacheLogger) {}

  /** Code of the latest failure; `null` once operations have succeeded since. */
  get code(): string | null {
    return this.#code;
  }

  /** Names of commands that Redis has refused to this user within the last seconds, such as `GET`. */
  get deniedCommands(): string[] {
    const since = Date.now() - DENIAL_MS;
    for (const [command, at] of this.#denied) if (at < since) this.#denied.delete(command);
    return [...this.#denied.keys()];
  }

  note(code: string): void {
    this.#code = code;
  }

  /** Returns whether the user lacks a right. */
  noteError(error: unknown): boolean {
    this.#code = failureCode(error);
    if (this.#code !== MISSING_RIGHT) return false;
    if (this.#denied.size < MAX_REPORTED) this.#denied.set(commandOf(error), Date.now());
    return true;
  }

  /** An operation succeeded: the failure has ended, unless it concerns the commands of other operations. */
  succeeded(): void {
    this.#code = this.deniedCommands.length > 0 ? MISSING_RIGHT : null;
  }

  /** Redis is back: what failed before counts no longer, and is logged again when it comes back. */
  clear(): void {
    this.#code = null;
    this.#denied.clear();
    this.#reported.clear();
  }

  /** Writes a line, one for each command and reason. */
  reportOnce(error: unknown): void {
    const failure = describeFailure(error);
    if (this.#reported.has(failure) || this.#reported.size >= MAX_REPORTED) return;
    this.#reported.add(failure);
    this.logger.warn(`A Redis command failed (${failure}); further ones of this kind are only counted`);
  }
}

/** What an operator should fix; nothing without refused commands. */
export function missingRights(commands: readonly string[]): string[] {
  if (commands.length === 0) return [];
  return [
    `Redis refuses to the cache's user, for want of a right (NOPERM): ${commands.join(', ')}. Grant it with ACL SETUSER`,
  ];
}

function commandOf(error: unknown): string {
  const { command } = Object(error) as { command?: { name?: string } };
  return command?.name?.replace(/^\w+/, (name) => name.toUpperCase()) ?? 'a command';
}
