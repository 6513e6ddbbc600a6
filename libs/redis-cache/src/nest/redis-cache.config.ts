import { registerAs } from '@nestjs/config';
import { optionsFromEnv } from '../core/options/env.js';

/**
 * The environment's options as a configuration of `@nestjs/config`, for `load`, `forFeature` and
 * `asProvider`. `RedisCacheModule.forRootAsync()` without an argument needs none of this.
 *
 * @example
 * RedisCacheModule.forRootAsync(redisCacheConfig.asProvider())
 */
export const redisCacheConfig = registerAs('redisCache', () => optionsFromEnv((name) => process.env[name]));
