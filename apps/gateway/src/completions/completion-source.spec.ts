import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { FactoryContext } from 'nestjs-redis-cache';
import { createTestingCache } from 'nestjs-redis-cache/testing';
import { createWorkerPool, OfflineExecutor, PoolUnavailableError, type WorkerPool } from 'nestjs-worker-pool';
import { INTERNAL_ERROR } from '../http/problem.js';
import { SavingsService } from '../savings/savings.service.js';
import { CompletionSource } from './completion-source.js';

const CALL = { tenant: 'team', request: { prompt: 'Redis is fast.' } };

const context = (signal = new AbortController().signal): FactoryContext => ({
  signal,
  stale: undefined,
  ticket: null,
});

describe('a failure while a completion is computed', () => {
  let pool: WorkerPool;
  let source: CompletionSource;

  beforeEach(() => {
    pool = createWorkerPool({ executor: new OfflineExecutor() });
    source = new CompletionSource(pool, new SavingsService(createTestingCache(), { WORKER_POOL: 'local' }));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await pool.close();
  });

  /** What a computation rejects with, whole and in pieces, when the pool rejects with `failure`. */
  async function failuresAfter(failure: unknown, given = context()): Promise<unknown[]> {
    jest.spyOn(pool, 'run').mockRejectedValue(failure);
    jest.spyOn(pool, 'stream').mockRejectedValue(failure);
    const outcomes = await Promise.allSettled([
      source.whole(CALL, 'key', given),
      source.pieces(CALL, 'key', given).next(),
    ]);
    return outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as unknown));
  }

  it('that is unexpected reaches the log, and other processes only as an internal error', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    const error = new Error("EACCES: permission denied, open '/srv/private'");
    expect(await failuresAfter(error)).toEqual([INTERNAL_ERROR, INTERNAL_ERROR]);
    expect(log.mock.calls).toEqual(
      Array.from({ length: 2 }, () => [`Computing a completion failed: ${error.message}`, error.stack]),
    );
  });

  it('that the pool reports remains what it is', async () => {
    const error = new PoolUnavailableError();
    expect(await failuresAfter(error)).toEqual([error, error]);
  });

  it('remains what it is after the last caller has left', async () => {
    const reason = new Error('left');
    expect(await failuresAfter(reason, context(AbortSignal.abort(reason)))).toEqual([reason, reason]);
  });
});
