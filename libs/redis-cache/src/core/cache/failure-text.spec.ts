import { describe, expect, it } from '@jest/globals';
import { RemoteFactoryError } from '../errors/errors.js';
import { readFailure, writeFailure } from './failure-text.js';

const through = (error: unknown): RemoteFactoryError => readFailure(JSON.parse(writeFailure(error)));

describe('a failure as text', () => {
  it('carries message and code, and nothing that is not meant to travel', () => {
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
  ])('carries when to try again, if that is a time: %s', (retryAfterMs, expected) => {
    expect(through(Object.assign(new Error('later'), { retryAfterMs })).retryAfterMs).toBe(expected);
    expect(readFailure({ message: 'later', retryAfterMs }).retryAfterMs).toBe(expected);
  });

  it('has a code of its own where the error has none, or one that is no text', () => {
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

  it('is cut where a message is endless', () => {
    expect(writeFailure(new Error('x'.repeat(1_000_000))).length).toBeLessThan(5_000);
  });

  it.each([null, 7, 'text', [], { message: null }, { code: 7 }])(
    'is read from %j without a fault',
    (text) => {
      expect(readFailure(text)).toBeInstanceOf(RemoteFactoryError);
    },
  );
});
