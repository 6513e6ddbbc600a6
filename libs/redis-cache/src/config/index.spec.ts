import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { redisCacheConfig } from './index.js';

describe('redisCacheConfig', () => {
  let before: string | undefined;

  beforeEach(() => {
    before = process.env['REDIS_KEY_PREFIX'];
    process.env['REDIS_KEY_PREFIX'] = 'from-the-environment';
  });

  afterEach(() => {
    if (before === undefined) delete process.env['REDIS_KEY_PREFIX'];
    else process.env['REDIS_KEY_PREFIX'] = before;
  });

  it('reads the environment under the name redisCache', () => {
    expect(redisCacheConfig.KEY).toBe('CONFIGURATION(redisCache)');
    expect(redisCacheConfig()).toMatchObject({ keyPrefix: 'from-the-environment' });
  });
});
