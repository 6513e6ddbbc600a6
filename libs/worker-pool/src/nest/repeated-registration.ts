import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

type NestModule = ModulesContainer extends Map<string, infer M> ? M : never;

/** The registrations of a module class in an application, in the order of its imports. */
export function registrationsOf(modules: ModulesContainer, moduleClass: Type): NestModule[] {
  return [...modules.values()].filter(({ metatype }) => metatype === moduleClass);
}

/** The warning for an application that registers several pools: it names the modules that import each of them. */
export function repeatedRegistration(
  registrations: readonly NestModule[],
  modules: ModulesContainer,
): string {
  const all = [...modules.values()];
  const places = registrations.map((module) => placeOf(module, all));
  return (
    `WorkerPoolModule is registered ${places.length} times: ${places.join(', ')}. Each is a pool of its own, with its own ` +
    'workers, limits and connections. Register it once with isGlobal: true, or import one and the same dynamic module; ' +
    'provide a pool that shall be separate under a token of your own, with loadWorkerPool(options)'
  );
}

function placeOf(module: NestModule, all: readonly NestModule[]): string {
  if (module.isGlobal) return 'globally';
  const importers = all.filter(({ imports }) => imports.has(module)).map(({ name }) => name);
  return `by ${importers.join(' and ')}`;
}
