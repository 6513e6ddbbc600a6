import 'reflect-metadata';
import { cacheKey } from '../core/entry/canonical-key.js';
import type { GetOrSetOptions } from '../core/options/get-or-set-options.js';
import type { RedisCacheService } from '../core/redis-cache.service.js';
import { CacheNotInjectedError } from './cache-not-injected.error.js';
import { injectCache } from './injected-cache.js';

type Arguments = unknown[];
type AsyncMethod = (...args: never[]) => Promise<unknown>;

/** Written as methods, since those take functions with parameters of any type. */
interface Functions {
  key(...args: Arguments): string;
  tags(...args: Arguments): readonly string[];
}

/** Options of `@CacheResponse()`: those of `getOrSet`, with a key and tags that may depend on the call. */
export interface CacheResponseOptions<
  K extends Functions['key'] = Functions['key'],
  T extends Functions['tags'] = Functions['tags'],
> extends Omit<GetOrSetOptions, 'tags'> {
  /**
   * Key of the value, used literally, 1 to 1,024 characters; a function gets the arguments of the call, and
   * the object as `this`. Default: class, method and `cacheKey` of the arguments, which refuses what JSON does
   * not carry: class instances, `Map`s, functions, `NaN`; `undefined` except at the end and inside objects.
   */
  key?: string | K;
  /** Names under which the value can be invalidated; a function gets the arguments of the call. Default none. */
  tags?: readonly string[] | T;
  /** Name of the cache instance. Default: the plain one. */
  name?: string;
}

/** Fits methods that answer a promise and take the arguments which `key` and `tags` take. */
export type CacheResponseDecorator<K, T> = <M extends AsyncMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Takes<K, Parameters<M>> & Takes<T, Parameters<M>>,
) => void;

type Takes<F, P extends Arguments> = F extends (...args: P) => unknown
  ? unknown
  : 'the method does not take the arguments that key or tags take';

/**
 * Caches what a method answers, by `getOrSetEntry`: however many callers, here and in other processes, the
 * method runs once per key. For providers of any scope and controllers; the class need not inject the
 * service, but `RedisCacheModule` must be there for its module.
 *
 * The value is shared by all callers, hence frozen, and after the first time comes from JSON: no class
 * instances, `Date`s or `Map`s. Without `key`, two classes of one name share keys, and what the object knows
 * (the user of a request-scoped provider) is not part of them.
 *
 * The method rejects with `InvalidKeyPartError` (no `key`, and an argument that JSON does not carry),
 * {@link CacheNotInjectedError} (an object that Nest did not create), and as `getOrSet` does.
 *
 * @throws {TypeError} when the class is defined, on a static method
 * @example
 * @CacheResponse({ key: (id: string) => `article:${id}`, tags: ['articles'], ttlSeconds: 600 })
 * async find(id: string): Promise<Article> {
 *   return this.articles.load(id);
 * }
 */
export function CacheResponse<
  K extends Functions['key'] = () => string,
  T extends Functions['tags'] = () => [],
>(options: CacheResponseOptions<K, T> = {}): CacheResponseDecorator<K, T> {
  return (target, property, descriptor) => {
    const method = descriptor.value as unknown as (...args: Arguments) => Promise<unknown>;
    const call = new CachedCalls(target, property, options as CacheResponseOptions);
    const cached = function (this: object, ...args: Arguments): Promise<unknown> {
      return call.run(this, args, () => method.apply(this, [...args]));
    };
    descriptor.value = inPlaceOf(method, cached) as unknown as typeof descriptor.value;
  };
}

/** The calls of one decorated method. */
class CachedCalls {
  readonly #cacheOf: (holder: object) => RedisCacheService | undefined;
  readonly #method: string;
  readonly #className: string;

  constructor(
    target: object,
    property: string | symbol,
    private readonly options: CacheResponseOptions,
  ) {
    if (typeof target === 'function') throw new TypeError('@CacheResponse() is not for static methods');
    this.#cacheOf = injectCache(target, options.name);
    this.#className = target.constructor.name;
    this.#method = typeof property === 'symbol' ? (property.description ?? '') : property;
  }

  async run(holder: object, args: Arguments, method: () => Promise<unknown>): Promise<unknown> {
    const cache = this.#cacheOf(holder);
    if (!cache) throw new CacheNotInjectedError(`${this.#className}.${this.#method}`);
    const { key: _key, tags: _tags, name: _name, ...options } = this.options;
    const tags = this.#tagsOf(holder, args);
    const result = await cache.getOrSetEntry(this.#keyOf(holder, args), method, { ...options, tags });
    return result.value;
  }

  #keyOf(holder: object, args: Arguments): string {
    const { key } = this.options;
    if (key === undefined) return `${this.#nameFor(holder)}:${cacheKey({ arguments: withoutEnd(args) })}`;
    return typeof key === 'function' ? key.apply(holder, [...args]) : key;
  }

  #tagsOf(holder: object, args: Arguments): readonly string[] | undefined {
    const { tags } = this.options;
    return typeof tags === 'function' ? tags.apply(holder, [...args]) : tags;
  }

  // Subclasses may differ in what they answer; and a method that calls the one which it overrides, with the
  // same arguments, must not wait for itself.
  #nameFor(holder: object): string {
    const actual = holder.constructor.name;
    return actual === this.#className
      ? `${actual}.${this.#method}`
      : `${actual}:${this.#className}.${this.#method}`;
  }
}

// A parameter that is left out and one that is given as undefined are the same to the method.
function withoutEnd(args: Arguments): Arguments {
  return args.slice(0, args.findLastIndex((argument) => argument !== undefined) + 1);
}

/** Gives a function the name, length and metadata of the one that it stands for: Nest and others look there. */
function inPlaceOf<F extends object>(original: F, replacement: F): F {
  for (const name of ['name', 'length']) {
    Object.defineProperty(replacement, name, Object.getOwnPropertyDescriptor(original, name)!);
  }
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), replacement);
  }
  return replacement;
}
