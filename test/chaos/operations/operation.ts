import type { RedisConnectionOptions } from 'nestjs-redis-connection';
import type { Answers } from '../promise.js';
import type { Site } from './site.js';

/** A row of the table of operations. It runs in the process that uses the libraries. */
export interface Operation extends Answers {
  /** A column of the report; unique. */
  readonly name: string;
  readonly group: Group;
  /** Creates what the calls need, without waiting for Redis. */
  open(program: Program): Session | Promise<Session>;
}

/** Each is a table of the report. */
export type Group = 'cache' | 'computing' | 'queue' | 'pool' | 'service';

/** One operation under one fault, on a cache, queue or pool of its own. */
export interface Session {
  /** While Redis serves: stores what the calls will read. */
  prepare?(): Promise<unknown>;
  /** Calls the operation, and returns its answer. A fault must never make it reject. */
  run(): Promise<unknown>;
  /** Whether Redis is known to serve again. */
  isBack(): Promise<boolean>;
  /** After the fault: everything that was acknowledged and is gone. */
  lost?(): Promise<unknown[]>;
  /** How many calls have waited for a whole deadline. */
  timeouts?(): number;
  /** Everything that was logged. */
  lines(): readonly string[];
  close(): Promise<unknown>;
}

/** The program that uses the libraries. */
export interface Program {
  readonly connection: RedisConnectionOptions;
  /** Time limit of one call for Redis, in milliseconds. */
  readonly deadlineMs: number;
  /** The Nest application; one for all operations. */
  site(): Promise<Site>;
}
