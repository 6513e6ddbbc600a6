import type { OptionsOf } from 'nestjs-redis-connection';
import { z } from 'zod';
import { MAX_TTL_SECONDS } from '../entry/arguments.js';
import { callOptionNames } from '../errors/option-names.js';

/** The longest time that a timer of Node can run, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647;

type Range = readonly [min: number, max: number];

/** Limits of the numeric options, for the module's defaults and for each call. */
export const RANGES = {
  jitterRatio: [0, 1],
  staleSeconds: [0, MAX_TTL_SECONDS],
  softTimeoutMs: [0, MAX_TIMER_MS],
  hardTimeoutMs: [1, MAX_TIMER_MS],
  refreshAhead: [0, 1],
  negativeTtlSeconds: [0, MAX_TTL_SECONDS],
  failureBackoffMs: [1, MAX_TIMER_MS],
  leaseMs: [50, MAX_TIMER_MS],
} as const satisfies Record<string, Range>;

export const ttlSeconds = z.number().positive().max(MAX_TTL_SECONDS);

const within = ([min, max]: Range): z.ZodNumber => z.number().min(min).max(max);

const errorFunction = z.custom<(error: unknown) => number>((value) => typeof value === 'function');
const valueFunction = <T>() =>
  z.custom<(value: unknown) => T>((value) => typeof value === 'function', { error: 'must be a function' });

/** The one definition of these options: type, documentation, default and limits. */
export const getOrSetShape = {
  /** How long the value is a hit, in seconds. Default: the module's `ttlSeconds`. */
  ttlSeconds: ttlSeconds.optional(),
  /**
   * Shortens each TTL by a random part of it, at most by this ratio, so that entries that were written together
   * do not expire together. Default 0.
   */
  jitterRatio: within(RANGES.jitterRatio).default(0),
  /**
   * How long after its TTL a value may still be served, in seconds, when the factory fails or takes longer than
   * `softTimeoutMs`. Redis keeps each entry that much longer, which takes memory. Default 0.
   */
  staleSeconds: within(RANGES.staleSeconds).default(0),
  /**
   * How long a caller waits for a new value while a stale one is available, in milliseconds. After that it gets
   * the stale value and the factory continues; 0 returns the stale value at once. Waiting for another process
   * counts. Has no effect without `staleSeconds`. Default: no limit.
   */
  softTimeoutMs: within(RANGES.softTimeoutMs).optional(),
  /**
   * How long a factory may run, in milliseconds. After that its signal aborts and it fails with
   * `FactoryTimeoutError`. Waiting for another process does not count. Default: no limit.
   */
  hardTimeoutMs: within(RANGES.hardTimeoutMs).optional(),
  /**
   * Fraction of the TTL after which a hit starts one refresh in the background, in all processes together. A
   * smaller fraction gives fresher values and more factory calls. Default: never.
   */
  refreshAhead: within(RANGES.refreshAhead).optional(),
  /**
   * How long a failure is kept if there is no value, in seconds: until then callers get the failure and the
   * factory is not called. A function chooses by the error; if it throws, that counts as 0 and is logged.
   * Default 0.
   */
  negativeTtlSeconds: z
    .union([within(RANGES.negativeTtlSeconds), errorFunction], {
      error: `must be a number from 0 to ${MAX_TTL_SECONDS}, or a function`,
    })
    .default(0),
  /**
   * How long after a failed refresh callers get the stored value before the next attempt, in milliseconds,
   * counted from the failure. A longer time spares a failing source and delays recovery. Default 5,000.
   */
  failureBackoffMs: within(RANGES.failureBackoffMs).default(5_000),
  /**
   * Function that returns whether a value is stored; every waiting caller gets the value in any case. If it
   * throws, the value is not stored and the error is logged. Default: every value is stored.
   */
  shouldCache: valueFunction<boolean>().optional(),
  /**
   * Function that returns the longest TTL that a value allows, in seconds, for values that know how long they are
   * valid. A longer one than `ttlSeconds` has no effect; with 0 or less the value is not stored. If it throws, the value
   * is not stored and the error is logged. Default: `ttlSeconds` applies to every value.
   */
  maxTtlSeconds: valueFunction<number>().optional(),
  /**
   * Whether processes that share a Redis compute a key only once. `false`: a process never waits for another one;
   * callers in one process still share a call. Default `true`.
   */
  crossProcess: z.boolean().default(true),
  /**
   * How long a process that died while computing delays the others, in milliseconds. The lease is renewed while
   * the factory runs, which may take longer. A shorter lease is taken over sooner, costs more renewals, and is
   * lost by a shorter pause of the process. Default 5,000.
   */
  leaseMs: within(RANGES.leaseMs).default(5_000),
};

/** How `getOrSet` behaves. Each option can be set for the module (`getOrSet`) and for a call. */
export interface GetOrSetDefaults extends OptionsOf<typeof getOrSetShape> {}

export const getOrSetSchema = z.strictObject(getOrSetShape);

/** The defaults of the calls of a module; `ttlSeconds` is that of the module if `getOrSet` has none. */
export type ResolvedGetOrSetDefaults = z.output<typeof getOrSetSchema>;

/** Options of one call of `getOrSet`. */
export interface GetOrSetOptions extends GetOrSetDefaults {
  /** Names under which the entry can be invalidated, at most 16 of at most 256 characters. Default: none. */
  tags?: readonly string[];
  /** Ends the wait of this caller; the factory's signal aborts when the last caller has left. Default: none. */
  signal?: AbortSignal;
  /**
   * `no-cache`: computes the value whatever is stored, and takes the lease from its holder, which then stores
   * nothing. Default `cache`.
   */
  readPolicy?: 'cache' | 'no-cache';
  /** `no-store`: stores nothing and takes no lease. Default `cache`. */
  writePolicy?: 'cache' | 'no-store';
}

const getOrSetNames = {
  ...getOrSetShape,
  tags: true,
  signal: true,
  readPolicy: true,
  writePolicy: true,
};
export const GET_OR_SET_OPTIONS = callOptionNames<GetOrSetOptions>(getOrSetNames);

/** Options of one call of `getOrStream`. */
export interface GetOrStreamOptions<C, V> extends GetOrSetOptions {
  /** Makes the value that is stored of all pieces, which are frozen. Pure: equal pieces give an equal value. */
  collect: (pieces: readonly C[]) => V;
  /** Makes the pieces of a stored value. */
  replay: (value: V) => Iterable<C>;
}

export const GET_OR_STREAM_OPTIONS = callOptionNames<GetOrStreamOptions<never, never>>({
  ...getOrSetNames,
  collect: true,
  replay: true,
});

/** How the value of a ticket is stored. Each option defaults to the module's `getOrSet`. */
export type TicketOptions = Pick<
  GetOrSetOptions,
  'ttlSeconds' | 'jitterRatio' | 'staleSeconds' | 'leaseMs' | 'tags'
>;

export const TICKET_OPTIONS = callOptionNames<TicketOptions>({
  ttlSeconds: true,
  jitterRatio: true,
  staleSeconds: true,
  leaseMs: true,
  tags: true,
});

/** Options of work that is done with a ticket, which holds the TTL, the tags and the lease. */
export type ResumeOptions = Pick<GetOrSetOptions, 'shouldCache' | 'hardTimeoutMs' | 'signal'>;

export const RESUME_OPTIONS = callOptionNames<ResumeOptions>({
  shouldCache: true,
  hardTimeoutMs: true,
  signal: true,
});
