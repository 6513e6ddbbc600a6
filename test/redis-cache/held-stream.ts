import type { FactoryContext, GetOrStreamOptions, StreamFactory } from 'nestjs-redis-cache';
import { until } from '@test/support/index.js';

/** A call of a stream factory whose pieces come from the test. */
export interface HeldStreamCall<C> extends FactoryContext {
  push(...pieces: C[]): void;
  end(): void;
  fail(error: Error): void;
  /** Whether the engine has closed the iteration before its end. */
  readonly closed: boolean;
}

export interface HeldStream<C> {
  factory: StreamFactory<C>;
  calls: HeldStreamCall<C>[];
  /** Resolves with the call number `index`, from 0, once it has been made. */
  call(index: number): Promise<HeldStreamCall<C>>;
}

export function heldStream<C = string>(): HeldStream<C> {
  const calls: HeldStreamCall<C>[] = [];
  return {
    calls,
    factory: (context) => {
      const source = new HeldSource<C>();
      calls.push({
        ...context,
        push: (...pieces) => pieces.forEach((value) => source.add({ done: false, value })),
        end: () => source.add({ done: true, value: undefined }),
        fail: (error) => source.add(error),
        get closed() {
          return source.closed;
        },
      });
      return source;
    },
    call: (index) => until(() => calls[index], { what: `call ${index} of the stream`, everyMs: 2 }),
  };
}

type Step<C> = IteratorResult<C, undefined> | Error;

class HeldSource<C> implements AsyncIterable<C>, AsyncIterator<C, undefined> {
  closed = false;
  readonly #steps: Step<C>[] = [];
  #wake = (): void => {};

  [Symbol.asyncIterator](): AsyncIterator<C, undefined> {
    return this;
  }

  add(step: Step<C>): void {
    this.#steps.push(step);
    this.#wake();
  }

  async next(): Promise<IteratorResult<C, undefined>> {
    while (this.#steps.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const step = this.#steps.shift()!;
    if (step instanceof Error) throw step;
    return step;
  }

  async return(): Promise<IteratorResult<C, undefined>> {
    this.closed = true;
    return { done: true, value: undefined };
  }
}

/** Pieces of a text: collected by joining, replayed one by one with their separator. */
export const TEXT: Pick<GetOrStreamOptions<string, string>, 'collect' | 'replay'> = {
  collect: (pieces) => pieces.join('|'),
  replay: (text) => text.split('|'),
};

/** A stream that produces the pieces at once. */
export function streamOf<C>(...pieces: C[]): StreamFactory<C> & { calls: number } {
  const factory = async function* (): AsyncGenerator<C> {
    factory.calls += 1;
    yield* pieces;
  };
  factory.calls = 0;
  return factory;
}

/** What a reader has received, while and after it reads. */
export interface Received<C> {
  readonly pieces: C[];
  /** Resolves when the iteration has ended: with `undefined`, or with its error. */
  readonly ended: Promise<unknown>;
}

export function readAll<C>(stream: AsyncIterable<C>): Received<C> {
  const pieces: C[] = [];
  const read = async (): Promise<unknown> => {
    try {
      for await (const piece of stream) pieces.push(piece);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  return { pieces, ended: read() };
}
