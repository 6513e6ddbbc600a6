import { describe, expect, it, jest } from '@jest/globals';
import { FactoryTimeoutError, RemoteFactoryError } from '../errors/errors.js';
import { readFailure, runFactory, writeFailure } from './factory.js';

const { signal } = new AbortController();
const contextOf = (callers: AbortSignal) => ({ signal: callers, stale: undefined, ticket: null });

describe('runFactory', () => {
  it.each([undefined, 60_000])(
    'passes signal and stale value, and returns the result (limit %p)',
    async (ms) => {
      const factory = jest.fn(async (_context: object) => 'value');
      expect(await runFactory(factory, { signal, stale: 'old', ticket: null }, ms)).toBe('value');
      expect(factory).toHaveBeenCalledWith({ signal: expect.any(AbortSignal), stale: 'old', ticket: null });
    },
  );

  it.each([undefined, 60_000])('turns a synchronous throw into a rejection (limit %p)', async (ms) => {
    const error = new Error('at once');
    const factory = (): never => {
      throw error;
    };
    await expect(runFactory(factory, contextOf(signal), ms)).rejects.toBe(error);
  });

  it('rejects at the limit and aborts the signal with the same error', async () => {
    let seen: AbortSignal | undefined;
    const running = runFactory((context) => new Promise(() => (seen = context.signal)), contextOf(signal), 5);
    const error: unknown = await running.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FactoryTimeoutError);
    expect(error).toMatchObject({
      code: 'ERR_CACHE_FACTORY_TIMEOUT',
      message: 'factory took longer than 5 ms',
    });
    expect(seen!.reason).toBe(error);
  });

  it('aborts its signal when the callers have left, with or without a limit', () => {
    for (const ms of [undefined, 60_000]) {
      const callers = new AbortController();
      let seen: AbortSignal | undefined;
      const factory = (context: { signal: AbortSignal }): Promise<never> => {
        seen = context.signal;
        return new Promise((_resolve, reject) => seen!.addEventListener('abort', () => reject(seen!.reason)));
      };
      const running = runFactory(factory, contextOf(callers.signal), ms);
      callers.abort(new Error('left'));
      expect(seen!.aborted).toBe(true);
      void expect(running).rejects.toThrow('left');
    }
  });
});

const through = (error: unknown): RemoteFactoryError => readFailure(JSON.parse(writeFailure(error)));

describe('a failure as text', () => {
  it('carries message and code, and nothing else', () => {
    const error = Object.assign(new Error('Grüße\n\u0000 👋'), { code: 'EOVERLOADED', apiKey: 'sk-secret' });
    const read = through(error);
    expect(read).toBeInstanceOf(RemoteFactoryError);
    expect(read).toMatchObject({ message: 'Grüße\n\u0000 👋', code: 'EOVERLOADED' });
    expect(writeFailure(error)).not.toContain('secret');
  });

  it.each([
    [7_000, 7_000],
    [0, 0],
    [-1, undefined],
    [Infinity, undefined],
    ['7', undefined],
    [undefined, undefined],
  ])('carries the retry delay, if that is a time: %s', (retryAfterMs, expected) => {
    expect(through(Object.assign(new Error('later'), { retryAfterMs })).retryAfterMs).toBe(expected);
    expect(readFailure({ message: 'later', retryAfterMs }).retryAfterMs).toBe(expected);
  });

  it('has a code of its own if the error has none, or one that is not a string', () => {
    expect(through(new Error('no')).code).toBe('ERR_CACHE_REMOTE_FACTORY');
    expect(through(Object.assign(new Error('no'), { code: 500 })).code).toBe('ERR_CACHE_REMOTE_FACTORY');
  });

  it.each([
    ['a text', 'text', 'text'],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['an error of another realm', { message: 'foreign', name: 'Error' }, 'foreign'],
    [
      'what throws when it is looked at',
      {
        get message(): string {
          throw new Error('no');
        },
      },
      'a factory failed',
    ],
    ['an error whose message is no text', Object.assign(new Error('x'), { message: 42 }), 'Error: 42'],
    ['what cannot be made a text', Object.create(null), 'a factory failed'],
  ])('is made of %s', (_what, thrown, message) => {
    expect(through(thrown).message).toBe(message);
  });

  it('is shortened if the message is very long', () => {
    expect(writeFailure(new Error('x'.repeat(1_000_000))).length).toBeLessThan(5_000);
  });

  it.each([null, 7, 'text', [], { message: null }, { code: 7 }])(
    'is read from %j without a fault',
    (text) => {
      expect(readFailure(text)).toBeInstanceOf(RemoteFactoryError);
    },
  );
});
