import { onAbort } from 'nestjs-redis-connection';
import { FactoryTimeoutError } from '../errors/errors.js';
import type { Factory, FactoryContext } from './cache-result.js';

/**
 * Calls a factory. At the hard limit its signal aborts and this rejects, though the factory may go on; when
 * callers abort, only the signal tells it, because a result that comes all the same is worth keeping.
 *
 * @throws {FactoryTimeoutError} after `hardTimeoutMs`
 */
export async function runFactory<T>(
  factory: Factory<T>,
  given: FactoryContext,
  hardTimeoutMs: number | undefined,
): Promise<T> {
  if (hardTimeoutMs === undefined) return factory(given);
  // Not AbortSignal.any(): Node 20 keeps its signal for good once the factory listens to it.
  const controller = new AbortController();
  const stay = onAbort(given.signal, () => controller.abort(given.signal.reason));
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new FactoryTimeoutError(hardTimeoutMs);
      controller.abort(error);
      reject(error);
    }, hardTimeoutMs);
  });
  const context = { ...given, signal: controller.signal };
  try {
    return await Promise.race([(async () => factory(context))(), overdue]);
  } finally {
    stay();
    clearTimeout(timer);
  }
}
