import type { Factory, FactoryContext } from 'nestjs-redis-cache';
import { type Deferred, deferred } from '@test/fixtures/redis-cache/deferred.js';
import { until } from '@test/support/index.js';

/** A factory call that the test settles. */
export interface HeldCall<T> extends Deferred<T>, FactoryContext {}

/** A factory whose calls are settled by the test. */
export interface HeldFactory<T> {
  factory: Factory<T>;
  calls: HeldCall<T>[];
  /** Resolves with the call number `index`, from 0, once it has been made. */
  call(index: number): Promise<HeldCall<T>>;
}

export function heldFactory<T = string>(): HeldFactory<T> {
  const calls: HeldCall<T>[] = [];
  return {
    calls,
    factory: (context) => {
      const call = { ...deferred<T>(), ...context };
      calls.push(call);
      return call.promise;
    },
    call: (index) => until(() => calls[index], { what: `call ${index} of the factory`, everyMs: 2 }),
  };
}

/** A factory that counts its calls and returns at once. */
export interface CountedFactory<T> {
  (): Promise<T>;
  calls: number;
}

export function counted<T>(answer: () => T | Promise<T>): CountedFactory<T> {
  const factory = async (): Promise<T> => {
    factory.calls += 1;
    return answer();
  };
  factory.calls = 0;
  return factory;
}

/** A factory that counts its calls and fails. */
export function failing(message: string, code?: string): CountedFactory<never> {
  return counted(() => {
    throw Object.assign(new Error(message), code === undefined ? {} : { code });
  });
}
