import { describe, expect, it } from '@jest/globals';
import { InvalidPoolOptionsError } from '../contract/errors.js';
import { ControlledExecutor } from '../local/spec-support/controlled-executor.js';
import { resolveWorkerPoolOptions } from './pool-options.js';
import type { WorkerPoolOptions } from './pool-options.js';

const given = { driver: 'bullmq' as const, executor: new ControlledExecutor() };

describe('the options of the bullmq driver', () => {
  it('have the documented defaults', () => {
    expect(resolveWorkerPoolOptions(given)).toMatchObject({
      role: 'both',
      connection: {},
      keyPrefix: 'worker-pool',
      queueName: 'tasks',
      commandTimeoutMs: 1_000,
      outageToleranceMs: 30_000,
      fallback: 'none',
      maxAttempts: 3,
      lockDurationMs: 5_000,
      stalledIntervalMs: 2_000,
      maxRequestBytes: 1_048_576,
      maxResultBytes: 1_048_576,
      concurrency: 5,
    });
  });

  it.each([
    ['role', { role: 'chief' }],
    ['keyPrefix', { keyPrefix: '{a}' }],
    ['queueName', { queueName: 'a:b' }],
    ['rateLimit.max', { rateLimit: { max: 0, durationMs: 1 } }],
    ['connection.url', { connection: { url: 'http://:hunter2@queue' } }],
    ['connection.url', { connection: { url: 'redis://queue:0' } }],
    ['connection.url', { connection: { url: '' } }],
    ['connection.port', { connection: { port: 65_536 } }],
    ['connection.client', { connection: { client: {} } }],
    ['connection.host', { connection: { url: 'redis://queue', host: 'queue' } }],
    ['connection.sentinelName', { connection: { sentinels: [{ host: 'queue' }] } }],
    ['connection.db', { connection: { clusterNodes: [{ host: 'queue' }], db: 1 } }],
    ['connection.redisOptions.keyPrefix', { connection: { redisOptions: { keyPrefix: 'app:' } } }],
    [
      'connection.clusterOptions.keyPrefix',
      { connection: { clusterNodes: [{ host: 'a' }], clusterOptions: { keyPrefix: 'app:' } } },
    ],
    ['connection.hots', { connection: { hots: 'queue' } }],
    ['fallback', { fallback: 'cloud' }],
  ])('are refused by name: %s', (field, wrong) => {
    const resolve = (): unknown => resolveWorkerPoolOptions({ ...given, ...wrong } as WorkerPoolOptions);
    expect(resolve).toThrow(InvalidPoolOptionsError);
    expect(resolve).toThrow(expect.objectContaining({ field }));
    expect(resolve).not.toThrow(/hunter2/);
  });

  it('are refused by the local driver', () => {
    const options = { executor: given.executor, fallback: 'local' } as unknown as WorkerPoolOptions;
    expect(() => resolveWorkerPoolOptions(options)).toThrow('worker pool option fallback is not an option');
  });
});
