import { describe, expect, it } from '@jest/globals';
import { AbandonedError, type Departure, Flight } from './flight.js';

function inFlight() {
  let settle!: { resolve: (value: string) => void; reject: (error: Error) => void };
  let seen!: AbortSignal;
  let abandoned = 0;
  const flight = new Flight<string>(
    ({ signal }) => {
      seen = signal;
      return new Promise((resolve, reject) => (settle = { resolve, reject }));
    },
    () => (abandoned += 1),
  );
  return { flight, settle, signal: seen, abandoned: () => abandoned };
}

describe('a flight', () => {
  it('gives every caller the one outcome', async () => {
    const { flight, settle } = inFlight();
    const callers = [flight.join(), flight.join(new AbortController().signal), flight.join()];
    settle.resolve('value');
    expect(await Promise.all(callers)).toEqual(['value', 'value', 'value']);
  });

  it('gives every caller the same error object', async () => {
    const { flight, settle } = inFlight();
    const error = new Error('no luck');
    const callers = [flight.join(), flight.join(new AbortController().signal)];
    settle.reject(error);
    for (const caller of callers) await expect(caller).rejects.toBe(error);
  });

  it('goes on until the last of ten callers leaves, then aborts', async () => {
    const { flight, signal, abandoned } = inFlight();
    const controllers = Array.from({ length: 10 }, () => new AbortController());
    const callers = controllers.map((controller) => flight.join(controller.signal));
    for (const [index, controller] of controllers.slice(0, 9).entries()) {
      controller.abort(new Error(`left ${index}`));
      await expect(callers[index]).rejects.toThrow(`left ${index}`);
    }
    expect([signal.aborted, abandoned()]).toEqual([false, 0]);
    controllers[9]!.abort();
    await expect(callers[9]).rejects.toThrow();
    expect([signal.aborted, abandoned()]).toEqual([true, 1]);
  });

  it('is never abandoned by callers when one of them cannot leave', async () => {
    const { flight, settle, signal } = inFlight();
    const controller = new AbortController();
    const steady = flight.join();
    const fickle = flight.join(controller.signal);
    controller.abort();
    await expect(fickle).rejects.toThrow();
    expect(signal.aborted).toBe(false);
    settle.resolve('value');
    expect(await steady).toBe('value');
  });

  it('does not count a caller whose signal aborted before joining', async () => {
    const { flight, signal } = inFlight();
    await expect(flight.join(AbortSignal.abort())).rejects.toThrow();
    expect(signal.aborted).toBe(true);
  });

  it('returns an aborted signal if it is requested after all callers have left', async () => {
    let departure!: Departure;
    const flight = new Flight<void>(
      (given) => {
        departure = given;
        return new Promise(() => {});
      },
      () => {},
    );
    await expect(flight.join(AbortSignal.abort())).rejects.toThrow();
    expect(departure.signal.aborted).toBe(true);
    expect(departure.signal.reason).toBeInstanceOf(AbandonedError);
  });

  it('leaves no listener behind on a long-lived signal', async () => {
    const { flight, settle, signal } = inFlight();
    const controller = new AbortController();
    const caller = flight.join(controller.signal);
    settle.resolve('value');
    await caller;
    controller.abort();
    expect(signal.aborted).toBe(false);
  });
});
