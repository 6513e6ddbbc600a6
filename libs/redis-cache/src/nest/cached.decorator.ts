import 'reflect-metadata';
import { Inject } from '@nestjs/common';
import { cacheKey, type GetOrSetOptions, RedisCacheError, type RedisCacheService } from '../core.js';
import { assertDecoratorOptions, COMPUTING_OPTIONS, decoratorOptionNames } from './option-names.js';
import { getRedisCacheToken } from './redis-cache.tokens.js';

export type Arguments = unknown[];
type AsyncMethod = (...args: never[]) => Promise<unknown>;

/** Declared as methods, because only these accept functions with parameters of any type. */
export interface Functions {
  key(...args: Arguments): string;
  tags(...args: Arguments): readonly string[];
}

/** Options of `@Cached()`: those of `getOrSet`, with a key and tags that may depend on the call. */
export interface CachedOptions<
  K extends Functions['key'] = Functions['key'],
  T extends Functions['tags'] = Functions['tags'],
> extends Omit<GetOrSetOptions, 'tags'> {
  /**
   * Key of the value, used literally, 1 to 1,024 characters; a function receives the arguments of the call, and
   * the object as `this`. Default: class, method and `cacheKey` of the arguments, which refuses values that JSON
   * does not carry: class instances, `Map`s, functions, `NaN`; `undefined` except at the end and inside objects.
   */
  key?: string | K;
  /** Names for invalidating the value; a function receives the arguments of the call. Default none. */
  tags?: readonly string[] | T;
  /** Name of the cache instance. Default: the default instance. */
  name?: string;
}

const OPTIONS = decoratorOptionNames<CachedOptions>({
  ...COMPUTING_OPTIONS,
  signal: true,
  readPolicy: true,
  writePolicy: true,
  key: true,
  tags: true,
  name: true,
});

/** Applies to methods that return a promise and accept the arguments that `key` and `tags` accept. */
export type CachedDecorator<K, T> = <M extends AsyncMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Takes<K, Parameters<M>> & Takes<T, Parameters<M>>,
) => void;

export type Takes<F, P extends Arguments> = F extends (...args: P) => unknown
  ? unknown
  : 'the method does not take the arguments that key or tags take';

/** A `@Cached()` method was called on an object that Nest did not create, so no cache was injected. */
export class CacheNotInjectedError extends RedisCacheError {
  readonly code = 'ERR_CACHE_NOT_INJECTED';

  constructor(method: string) {
    super(
      method,
      'has no RedisCacheService: let Nest create the object, as a class provider or a controller',
    );
  }
}

/**
 * Caches the results of a method through `getOrSetEntry`: the method runs once per key, however many callers in
 * this and other processes call it at the same time. For controllers and for providers of any scope; the class need
 * not inject the service, but `RedisCacheModule` must be imported by its module, or global.
 *
 * All callers share one value, so it is frozen. It is what JSON makes of the result, from the first call on: class
 * instances, `Date`s and `Map`s become plain data. Without `key`, two classes with the same name share keys, and the state of the
 * object (such as the user of a request-scoped provider) is not part of the key.
 *
 * The method rejects with `InvalidKeyPartError` (no `key`, and an argument that JSON does not carry), with
 * {@link CacheNotInjectedError} (an object that Nest did not create), and as `getOrSet` does.
 *
 * @throws {TypeError} on a static method, when the class is defined
 * @throws {InvalidCallOptionError} on an unknown option or a wrong value, when the class is defined; also `InvalidTtlError` and
 * `InvalidTagError`
 * @example
 * @Cached({ key: (id: string) => `article:${id}`, tags: ['articles'], ttlSeconds: 600 })
 * async find(id: string): Promise<Article> {
 *   return this.articles.load(id);
 * }
 */
export function Cached<K extends Functions['key'] = () => string, T extends Functions['tags'] = () => []>(
  options: CachedOptions<K, T> = {},
): CachedDecorator<K, T> {
  OPTIONS.check(options);
  assertDecoratorOptions(options);
  return (target, property, descriptor) => {
    const method = descriptor.value as unknown as (...args: Arguments) => Promise<unknown>;
    const { key: _key, tags: _tags, name: _name, ...rest } = options;
    const decorated = new CachedMethod(target, property, options as CachedOptions, 'Cached');
    const cached = async function (this: object, ...args: Arguments): Promise<unknown> {
      const { cache, key, tags } = decorated.callOf(this, args);
      return (await cache.getOrSetEntry(key, () => method.apply(this, [...args]), { ...rest, tags })).value;
    };
    descriptor.value = inPlaceOf(method, cached) as unknown as typeof descriptor.value;
  };
}

/** Where the calls of a decorated method go, and under which key. */
export interface CachedCall {
  cache: RedisCacheService;
  key: string;
  tags: readonly string[] | undefined;
}

/** One decorated method. */
export class CachedMethod {
  readonly #cacheOf: (holder: object) => RedisCacheService | undefined;
  readonly #method: string;
  readonly #className: string;

  constructor(
    target: object,
    property: string | symbol,
    private readonly options: Pick<CachedOptions, 'key' | 'tags' | 'name'>,
    decorator: string,
  ) {
    if (typeof target === 'function') throw new TypeError(`@${decorator}() cannot decorate static methods`);
    this.#cacheOf = injectCache(target, options.name);
    this.#className = target.constructor.name;
    this.#method = typeof property === 'symbol' ? (property.description ?? '') : property;
  }

  /** @throws {CacheNotInjectedError} {@link InvalidKeyPartError} */
  callOf(holder: object, args: Arguments): CachedCall {
    const cache = this.#cacheOf(holder);
    if (!cache) throw new CacheNotInjectedError(`${this.#className}.${this.#method}`);
    return { cache, key: this.#keyOf(holder, args), tags: this.#tagsOf(holder, args) };
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

  // Subclasses may return different values, and a method that calls the one it overrides with the same arguments
  // must not wait for itself.
  #nameFor(holder: object): string {
    const actual = holder.constructor.name;
    return actual === this.#className
      ? `${actual}.${this.#method}`
      : `${actual}:${this.#className}.${this.#method}`;
  }
}

// To the method, an omitted parameter and one passed as undefined are the same.
function withoutEnd(args: Arguments): Arguments {
  return args.slice(0, args.findLastIndex((argument) => argument !== undefined) + 1);
}

/** Gives the replacement the name, length and metadata of the original, which Nest and others read. */
export function inPlaceOf<F extends object>(original: F, replacement: F): F {
  for (const name of ['name', 'length']) {
    Object.defineProperty(replacement, name, Object.getOwnPropertyDescriptor(original, name)!);
  }
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), replacement);
  }
  return replacement;
}

type Holder = Record<symbol, RedisCacheService | undefined>;

const properties = new Map<string | undefined, symbol>();

/**
 * Makes Nest inject a cache instance into the objects of a class, without a constructor parameter, and returns a
 * function that reads it. The property is hidden from listings of the object's properties and from its JSON.
 */
function injectCache(
  prototype: object,
  name: string | undefined,
): (holder: object) => RedisCacheService | undefined {
  const property = propertyFor(name);
  Inject(getRedisCacheToken(name))(prototype, property);
  Object.defineProperty(prototype, property, { configurable: true, get: () => undefined, set: hide });
  return (holder) => (holder as Holder)[property];

  // Nest assigns the property, which would make it enumerable.
  function hide(this: object, value: RedisCacheService): void {
    Object.defineProperty(this, property, { configurable: true, writable: true, enumerable: false, value });
  }
}

function propertyFor(name: string | undefined): symbol {
  const property = properties.get(name) ?? Symbol(`RedisCacheService${name === undefined ? '' : `:${name}`}`);
  properties.set(name, property);
  return property;
}
