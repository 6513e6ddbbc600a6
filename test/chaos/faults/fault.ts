import type { RedisConnectionOptions } from 'nestjs-redis-connection';
import type { Availability, Data } from '../promise.js';
import type { Subject } from '../subject/subject.js';

/** Real servers, and how the program reaches them. */
export interface World {
  readonly connection: RedisConnectionOptions;
  stop(): Promise<unknown>;
}

/**
 * A row of the table of faults.
 *
 * @example
 * export const frozen: Fault<Standalone> = {
 *   name: 'frozen (SIGSTOP)',
 *   leaves: 'unavailable',
 *   world: Standalone.start,
 *   start: ({ server }) => server.pause(),
 *   stop: ({ server }) => server.resume(),
 * };
 */
export interface Fault<W extends World = World> {
  readonly name: string;
  /** What it leaves of Redis while it lasts. */
  readonly leaves: Availability;
  /** The same for operations that it concerns in another way, by name. */
  readonly except?: Readonly<Record<string, Availability>>;
  /** Whether confirmed data outlives it. Default: `kept`. */
  readonly data?: Data;
  /** It is there before the program starts, which therefore has stored nothing. */
  readonly isFirst?: true;
  /** The most lines that one cache or pool may log from its start to its end. Default 2: gone, and back. */
  readonly lines?: number;
  world(): Promise<W>;
  start(world: W, subject: Subject): Promise<unknown>;
  stop(world: W, subject: Subject): Promise<unknown>;
}
