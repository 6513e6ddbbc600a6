import { describe, expect, it } from '@jest/globals';
import { InvalidPoolOptionsError } from '../contract/errors.js';
import { consoleLogger } from '../contract/logger.js';
import { ControlledExecutor } from '../local/spec-support/controlled-executor.js';
import { resolveWorkerPoolOptions } from './pool-options.js';
import type { WorkerPoolOptions } from './pool-options.js';

const executor = new ControlledExecutor();

describe('resolveWorkerPoolOptions', () => {
  it('fills in the documented defaults', () => {
    expect(resolveWorkerPoolOptions({ executor })).toEqual({
      driver: 'local',
      executor,
      concurrency: 5,
      maxBacklog: 1_000,
      taskTimeoutMs: 120_000,
      resultTtlMs: 600_000,
      maxResults: 10_000,
      maxStreamBytes: 16_777_216,
      drainTimeoutMs: 10_000,
      logger: consoleLogger,
    });
  });

  it('an option that is present but undefined takes its default', () => {
    expect(resolveWorkerPoolOptions({ executor, concurrency: undefined })).toMatchObject({ concurrency: 5 });
  });

  it('passes the executor through by reference', () => {
    expect(resolveWorkerPoolOptions({ executor }).executor).toBe(executor);
  });

  it.each([
    ['concurrency', 0],
    ['concurrency', 1.5],
    ['concurrency', '5'],
    ['concurrency', null],
    ['concurrency', Number.NaN],
    ['concurrency', 10_001],
    ['maxBacklog', -1],
    ['maxBacklog', Number.POSITIVE_INFINITY],
    ['taskTimeoutMs', 0],
    ['taskTimeoutMs', 2 ** 31],
    ['resultTtlMs', 0],
    ['resultTtlMs', 2 ** 31 - 1],
    ['maxResults', 0],
    ['drainTimeoutMs', -1],
    ['driver', 'remote'],
    ['executor', undefined],
    ['executor', { name: 'x' }],
    ['executor', ControlledExecutor],
    ['concurency', 5],
    ['logger', console.log],
  ])('names the option in %s: %p', (field, value) => {
    const options = { executor, [field]: value } as WorkerPoolOptions;
    expect(() => resolveWorkerPoolOptions(options)).toThrow(InvalidPoolOptionsError);
    expect(() => resolveWorkerPoolOptions(options)).toThrow(expect.objectContaining({ field }));
    expect(() => resolveWorkerPoolOptions(options)).toThrow(`worker pool option ${field} `);
  });

  it.each([undefined, null, 'local', []])('refuses %p instead of options', (options) => {
    const resolve = (): unknown => resolveWorkerPoolOptions(options as unknown as WorkerPoolOptions);
    expect(resolve).toThrow(InvalidPoolOptionsError);
    expect(resolve).toThrow('options must be an object');
  });

  it('names the allowed values', () => {
    const options: WorkerPoolOptions = { executor, concurrency: -3 };
    expect(() => resolveWorkerPoolOptions(options)).toThrow(
      'worker pool option concurrency must be a whole number from 1 to 10000',
    );
  });
});
