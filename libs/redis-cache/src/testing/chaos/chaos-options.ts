import { OptionNames } from 'nestjs-redis-connection';
import { InvalidOptionsError } from '../../core.js';

/** Which faults occur, and how often. Rates are probabilities per operation, from 0 (never) to 1 (always). */
export interface ChaosOptions {
  /** How often an operation fails: it rejects and has no effect. Default 0. */
  failRate?: number;
  /** How often an operation hangs: its promise never settles and it has no effect. Default 0. */
  hangRate?: number;
  /** How often an operation is delayed before it takes effect. Default 0. */
  delayRate?: number;
  /** Length of a delay, in milliseconds. Default 0. */
  delayMs?: number;
  /** How often a read returns damaged data: truncated, or with one bit or character changed. Default 0. */
  corruptRate?: number;
  /** Determines the faults: the same seed and the same order of operations give the same faults. Default 1. */
  seed?: number;
  /** Creates the error of a failed operation from its name, such as `entries.get`. Default: a `ChaosError`. */
  error?: (operation: string) => Error;
}

export type ChaosSettings = Required<Omit<ChaosOptions, 'error'>> & Pick<ChaosOptions, 'error'>;

export const CALM: ChaosSettings = {
  failRate: 0,
  hangRate: 0,
  delayRate: 0,
  delayMs: 0,
  corruptRate: 0,
  seed: 1,
};

const LIMITS: Readonly<Record<Exclude<keyof ChaosOptions, 'error'>, readonly [min: number, max: number]>> = {
  failRate: [0, 1],
  hangRate: [0, 1],
  delayRate: [0, 1],
  delayMs: [0, 2 ** 31 - 1],
  corruptRate: [0, 1],
  seed: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

const OPTIONS = new OptionNames<ChaosOptions>(
  { ...LIMITS, error: true },
  (path, problem) => new InvalidOptionsError(path, problem),
);

/**
 * Returns the settings with the given options changed; absent and `undefined` options keep their value.
 *
 * @throws {InvalidOptionsError} naming the option that is unknown or out of range
 */
export function changedSettings(settings: ChaosSettings, options: ChaosOptions): ChaosSettings {
  OPTIONS.check(options);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (name !== 'error') assertInRange(name as keyof typeof LIMITS, value);
    else if (typeof value !== 'function') throw new InvalidOptionsError(name, 'must be a function');
  }
  return { ...settings, ...Object.fromEntries(given) };
}

function assertInRange(name: keyof typeof LIMITS, value: unknown): void {
  const [min, max] = LIMITS[name];
  if (typeof value === 'number' && value >= min && value <= max) return;
  throw new InvalidOptionsError(name, `must be a number from ${min} to ${max}`);
}

/** Error of a failed operation of a `ChaosBackend`, unless its `error` option creates another. */
export class ChaosError extends Error {
  readonly code = 'ERR_CHAOS';

  constructor(message: string) {
    super(message);
    this.name = 'ChaosError';
  }
}
