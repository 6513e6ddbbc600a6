import { describe, expect, it } from '@jest/globals';
import {
  InvalidPoolOptionsError,
  InvalidRequestError,
  UnsupportedParameterError,
} from '../../contract/errors.js';
import { OfflineExecutor } from './offline.executor.js';

const executor = new OfflineExecutor();

describe('OfflineExecutor', () => {
  it('accepts any model name, so that each has its own cache entries', () => {
    expect(executor.name).toBe('offline');
    expect(executor.resolveModel()).toBe('offline-extractive');
    expect(executor.resolveModel('claude-sonnet')).toBe('claude-sonnet');
    expect(() => executor.validate({ prompt: 'a', model: 'claude-sonnet' })).not.toThrow();
  });

  it('refuses a temperature other than 0', () => {
    expect(() => executor.validate({ prompt: 'a', temperature: 0 })).not.toThrow();
    expect(() => executor.validate({ prompt: 'a', temperature: 0.7 })).toThrow(UnsupportedParameterError);
    expect(() => executor.validate({ prompt: 'a', temperature: 7 })).toThrow(InvalidRequestError);
  });

  it('refuses what a summary cannot honour', () => {
    expect(() => executor.validate({ prompt: 'a', stop_sequences: ['b'] })).toThrow(
      expect.objectContaining({ field: 'stop_sequences' }),
    );
  });

  it.each([
    ['maxThreads', { maxThreads: 0 }],
    ['maxThreads', { maxThreads: 1.5 }],
    ['idleTimeoutMs', { idleTimeoutMs: -1 }],
    ['threads', { threads: 2 }],
    ['options', null],
  ])('refuses the option %s when it is invalid', (field, options) => {
    const make = (): OfflineExecutor => new OfflineExecutor(options as object);
    expect(make).toThrow(InvalidPoolOptionsError);
    expect(make).toThrow(expect.objectContaining({ field }));
  });
});
