import { Inject } from '@nestjs/common';
import type { RedisCacheService } from '../core/redis-cache.service.js';
import { getRedisCacheToken } from '../nest/redis-cache.tokens.js';

type Holder = Record<symbol, RedisCacheService | undefined>;

const properties = new Map<string | undefined, symbol>();

/**
 * Has Nest inject an instance into the objects of a class, whose constructor need not know of it, and answers
 * how to get at it. It shows neither in a listing of the object's properties nor in its JSON.
 */
export function injectCache(
  prototype: object,
  name: string | undefined,
): (holder: object) => RedisCacheService | undefined {
  const property = propertyFor(name);
  Inject(getRedisCacheToken(name))(prototype, property);
  Object.defineProperty(prototype, property, { configurable: true, get: () => undefined, set: hide });
  return (holder) => (holder as Holder)[property];

  // Nest assigns, which would make a property that shows.
  function hide(this: object, value: RedisCacheService): void {
    Object.defineProperty(this, property, { configurable: true, writable: true, enumerable: false, value });
  }
}

function propertyFor(name: string | undefined): symbol {
  const property = properties.get(name) ?? Symbol(`RedisCacheService${name === undefined ? '' : `:${name}`}`);
  properties.set(name, property);
  return property;
}
