import { OptionNames } from 'nestjs-redis-connection';
import { InvalidCallOptionError, InvalidOptionsError } from './errors.js';

type Names<Options> = Readonly<Record<keyof Options & string, unknown>>;

/** The names of the options of a call; an unknown one is an {@link InvalidCallOptionError}. */
export function callOptionNames<Options extends object>(names: Names<Options>): OptionNames<Options> {
  return new OptionNames<Options>(names, (path, problem) => new InvalidCallOptionError(path, problem));
}

/** The names of what an instance is created with; an unknown one is an {@link InvalidOptionsError}. */
export function instanceOptionNames<Options extends object>(names: Names<Options>): OptionNames<Options> {
  return new OptionNames<Options>(names, (path, problem) => new InvalidOptionsError(path, problem));
}
