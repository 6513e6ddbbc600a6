import { InvalidPoolOptionsError } from '../errors/invalid-pool-options.error.js';

/** The optional packages that this driver stands on. */
export interface Packages {
  bullmq: Pick<typeof import('bullmq'), 'Queue' | 'QueueEvents' | 'WaitingError' | 'Worker'>;
  ioredis: Pick<typeof import('ioredis'), 'Cluster' | 'Redis'>;
}

/**
 * Loads them, now and not before: whoever uses another driver need not have them.
 *
 * @throws {InvalidPoolOptionsError} they are not installed
 */
export async function loadPackages(): Promise<Packages> {
  try {
    const [bullmq, ioredis] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, ioredis };
  } catch (cause) {
    const problem = 'needs the packages bullmq and ioredis: npm install bullmq ioredis';
    throw new InvalidPoolOptionsError('driver', problem, { cause });
  }
}
