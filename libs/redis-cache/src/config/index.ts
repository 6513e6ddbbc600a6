import { registerAs } from '@nestjs/config';
import { optionsFromEnv } from '../core.js';

/**
 * Options from environment variables as a configuration of `@nestjs/config`, for `load`, `forFeature` and
 * `asProvider`. Not needed for `RedisCacheModule.forRootAsync()` without an argument.
 *
 * @example
 * RedisCacheModule.forRootAsync(redisCacheConfig.asProvider())
 */
export const redisCacheConfig = registerAs('redisCache', () => optionsFromEnv((name) => process.env[name]));
