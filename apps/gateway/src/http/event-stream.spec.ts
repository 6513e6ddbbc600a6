import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { EventStream } from './event-stream.js';

/** Pieces that a test supplies one by one. */
class Source implements AsyncIterableIterator<string> {
  taken = 0;
  left = 0;
  #given = 0;
  readonly #pieces: Deferred<IteratorResult<string>>[] = [];

  give(piece: string): void {
    this.#at(this.#given++).resolve({ done: false, value: piece });
  }

  end(): void {
    this.#at(this.#given++).resolve({ done: true, value: undefined });
  }

  fail(error: Error): void {
    this.#at(this.#given++).reject(error);
  }

  next(): Promise<IteratorResult<string>> {
    this.taken += 1;
    return this.#at(this.taken - 1).promise;
  }

  async return(): Promise<IteratorResult<string>> {
    this.left += 1;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #at(index: number): Deferred<IteratorResult<string>> {
    return (this.#pieces[index] ??= deferred());
  }
}

interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  promise.catch(() => {});
  return { promise, resolve, reject };
}

const PING = '(ping)';

function streamOf(pieces: AsyncIterable<string> | Promise<AsyncIterable<string>>): EventStream<string> {
  return new EventStream({
    pieces,
    render: (piece) => (piece === 'hidden' ? '' : `<${piece}>`),
    renderError: (error) => `!${(error as Error).message}`,
    ping: PING,
    pingMs: 1_000,
  });
}

/** The next text that the stream sends. */
async function sent(stream: EventStream<string>): Promise<string> {
  for (;;) {
    const text = stream.read() as Buffer | null;
    if (text !== null) return text.toString();
    await once(stream, 'readable');
  }
}

afterEach(() => void jest.useRealTimers());

describe('EventStream', () => {
  it('sends each piece when it is there, and ends with the pieces', async () => {
    const source = new Source();
    const stream = streamOf(source);
    source.give('a');
    expect(await sent(stream)).toBe('<a>');
    source.give('hidden');
    source.give('b');
    expect(await sent(stream)).toBe('<b>');
    const ended = once(stream, 'end');
    source.end();
    stream.resume();
    await ended;
  });

  it.each(['of the pieces', 'before there are pieces'])(
    'ends with the failure %s as an event',
    async (when) => {
      const source = new Source();
      const failure = new Error('broken');
      const stream = streamOf(when === 'of the pieces' ? source : Promise.reject(failure));
      source.fail(failure);
      expect(await sent(stream)).toBe('!broken');
      await once(stream.resume(), 'end');
    },
  );

  it('takes no further piece while the client has no room', async () => {
    const source = new Source();
    const client = new PassThrough({ highWaterMark: 1_000 });
    const stream = streamOf(source).pipe(client);
    for (let index = 0; index < 1_000; index += 1) source.give('x'.repeat(1_000));
    await new Promise(setImmediate);
    const before = source.taken;
    expect(before).toBeLessThan(40);
    await new Promise(setImmediate);
    expect(source.taken).toBe(before);
    stream.resume();
    source.end();
    await once(stream, 'end');
    expect(source.taken).toBe(1_001);
  });

  it('sends pings while nothing else is sent, and none to a client that does not read', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const source = new Source();
    const stream = streamOf(source);
    stream.read(0);
    await jest.advanceTimersByTimeAsync(900);
    source.give('a');
    expect(await sent(stream)).toBe('<a>');
    await jest.advanceTimersByTimeAsync(999);
    expect(stream.readableLength).toBe(0);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(stream.read()?.toString()).toBe(PING);
    expect(stream.read()).toBeNull();
    stream.destroy();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves the pieces when it is destroyed, also if they come later', async () => {
    const source = new Source();
    const stream = streamOf(source);
    stream.read(0);
    await new Promise(setImmediate);
    stream.destroy();
    await once(stream, 'close');
    expect(source.left).toBe(1);
    const opening = deferred<Source>();
    const late = streamOf(opening.promise);
    late.read(0);
    late.destroy();
    opening.resolve(source);
    await new Promise(setImmediate);
    expect(source.left).toBe(2);
  });
});
