import type { InjectionToken } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

type NestModule = ModulesContainer extends Map<string, infer M> ? M : never;

/**
 * Returns where an application registers what has this token, in the order of its imports: `globally`, or by the modules
 * that import the registration. Modules that import the same dynamic module share one registration.
 *
 * @param lifecycle token of the provider that each registration has, and nothing else
 */
export function registrationsOf(
  modules: ModulesContainer,
  token: InjectionToken,
  lifecycle: InjectionToken,
): { instance: unknown; place: string }[] {
  const all = [...modules.values()];
  return all
    .filter(({ providers }) => providers.has(lifecycle) && providers.has(token))
    .map((module) => ({
      instance: module.providers.get(lifecycle)?.instance,
      place: placeOf(module, all),
    }));
}

function placeOf(module: NestModule, all: NestModule[]): string {
  if (module.isGlobal) return 'globally';
  const importers = all.filter(({ imports }) => imports.has(module)).map(({ name }) => name);
  return `by ${importers.join(' and ')}`;
}

/** The warning for an instance that is registered more than once under the same name. */
export function repeatedRegistration(name: string | undefined, places: readonly string[]): string {
  const named = name === undefined ? 'without a name' : `with the name "${name}"`;
  return (
    `RedisCacheModule is registered ${places.length} times ${named}: ${places.join(', ')}. Each is a cache of its own, ` +
    'with its own connections, near copies and counters. Register it once with isGlobal: true, or import one and the ' +
    "same dynamic module; give a cache that shall be separate a name: RedisCacheModule.forRoot({ name: 'second' })"
  );
}
