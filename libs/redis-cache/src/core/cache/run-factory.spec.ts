import { describe, expect, it, jest } from '@jest/globals';
import { FactoryTimeoutError } from '../errors/errors.js';
import { runFactory } from './run-factory.js';

const { signal } = new AbortController();
const contextOf = (callers: AbortSignal) => ({ signal: callers, stale: undefined, ticket: null });

describe('runFactory', () => {
  it.each([undefined, 60_000])(
    'hands over signal and stale value, and answers the result (limit %p)',
    async (ms) => {
      const factory = jest.fn(async (_context: object) => 'value');
      expect(await runFactory(factory, { signal, stale: 'old', ticket: null }, ms)).toBe('value');
      expect(factory).toHaveBeenCalledWith({ signal: expect.any(AbortSignal), stale: 'old', ticket: null });
    },
  );

  it.each([undefined, 60_000])('turns what is thrown at once into a rejection (limit %p)', async (ms) => {
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

  it('passes on that the callers have left, with a limit as without', () => {
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
