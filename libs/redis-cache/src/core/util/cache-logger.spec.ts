import { afterEach, expect, it, jest } from '@jest/globals';
import { consoleLogger } from './cache-logger.js';

afterEach(() => {
  jest.restoreAllMocks();
});

it('writes one line per message to stderr, with its label and level', () => {
  const stderr = jest.spyOn(console, 'error').mockImplementation(() => {});
  const logger = consoleLogger('RedisCache:sessions');
  logger.warn('Redis is unavailable (ECONNREFUSED)');
  logger.log('Redis is back after 2 s');
  expect(stderr.mock.calls).toEqual([
    ['[RedisCache:sessions] warn: Redis is unavailable (ECONNREFUSED)'],
    ['[RedisCache:sessions] info: Redis is back after 2 s'],
  ]);
});
