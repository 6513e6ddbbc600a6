import type { CacheStream, GetOrStreamOptions } from '../core.js';
import {
  type Arguments,
  CachedMethod,
  type CachedOptions,
  type Functions,
  inPlaceOf,
  type Takes,
} from './cached.decorator.js';
import { assertDecoratorOptions, COMPUTING_OPTIONS, decoratorOptionNames } from './option-names.js';

type StreamMethod<C> = (...args: never[]) => AsyncIterable<C>;

/** Options of `@CachedStream()`: those of `getOrStream`, with a key and tags that may depend on the call. */
export interface CachedStreamOptions<
  C,
  V,
  K extends Functions['key'] = Functions['key'],
  T extends Functions['tags'] = Functions['tags'],
>
  extends
    Omit<GetOrStreamOptions<C, V>, 'tags' | 'signal'>,
    Pick<CachedOptions<K, T>, 'key' | 'tags' | 'name'> {}

const OPTIONS = decoratorOptionNames<CachedStreamOptions<never, never>>({
  ...COMPUTING_OPTIONS,
  collect: true,
  replay: true,
  readPolicy: true,
  writePolicy: true,
  key: true,
  tags: true,
  name: true,
});

/** Applies to methods that return an `AsyncIterable` and accept the arguments that `key` and `tags` accept. */
export type CachedStreamDecorator<C, K, T> = <M extends StreamMethod<C>>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Takes<K, Parameters<M>> & Takes<T, Parameters<M>>,
) => void;

/**
 * Caches what a method yields through `getOrStream`: the method runs once per key, all callers read its pieces while it
 * yields them, and later callers get the pieces that `replay` makes of the stored value. As with `@Cached()`, the class
 * must be created by Nest, and without `key` its name, the method and the arguments are the key.
 *
 * Each iteration of the returned object is one call of `getOrStream`, which begins with the first `next()`. It rejects
 * as `getOrStream` and its iterations do, and with `CacheNotInjectedError`.
 *
 * @throws {TypeError} on a static method, when the class is defined
 * @throws {InvalidCallOptionError} on an unknown option or a wrong value, when the class is defined; also `InvalidTtlError` and
 * `InvalidTagError`
 * @example
 * @CachedStream({ collect: (pieces: readonly string[]) => pieces.join(''), replay: (text) => [text] })
 * async *tell(topic: string): AsyncGenerator<string> {
 *   for await (const piece of this.model.stream(topic)) yield piece;
 * }
 */
export function CachedStream<
  C,
  V,
  K extends Functions['key'] = () => string,
  T extends Functions['tags'] = () => [],
>(options: CachedStreamOptions<C, V, K, T>): CachedStreamDecorator<C, K, T> {
  OPTIONS.check(options);
  assertDecoratorOptions(options);
  return (target, property, descriptor) => {
    const method = descriptor.value as unknown as (...args: Arguments) => AsyncIterable<C>;
    const { key: _key, tags: _tags, name: _name, ...rest } = options;
    const decorated = new CachedMethod(target, property, options as unknown as CachedOptions, 'CachedStream');
    const cached = function (this: object, ...args: Arguments): AsyncIterable<C> {
      const open = async (signal: AbortSignal): Promise<CacheStream<C, V>> => {
        const { cache, key, tags } = decorated.callOf(this, args);
        return cache.getOrStream<C, V>(key, () => method.apply(this, [...args]), { ...rest, tags, signal });
      };
      return { [Symbol.asyncIterator]: () => new OpeningIterator(open) };
    };
    descriptor.value = inPlaceOf(method, cached) as unknown as typeof descriptor.value;
  };
}

/** The iteration of a stream that is opened by the first `next()`, and can be left while it is being opened. */
class OpeningIterator<C> implements AsyncIterator<C> {
  readonly #leave = new AbortController();
  #iterator: Promise<AsyncIterator<C>> | undefined;

  constructor(private readonly open: (signal: AbortSignal) => Promise<AsyncIterable<C>>) {}

  async next(): Promise<IteratorResult<C>> {
    if (this.#leave.signal.aborted) return { done: true, value: undefined };
    this.#iterator ??= this.open(this.#leave.signal).then((stream) => stream[Symbol.asyncIterator]());
    const iterator = await this.#iterator;
    return iterator.next();
  }

  async return(): Promise<IteratorResult<C>> {
    this.#leave.abort();
    return { done: true, value: undefined };
  }
}
