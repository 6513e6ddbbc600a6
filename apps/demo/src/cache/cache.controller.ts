import { Controller, Delete } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { ProblemError } from '../http/problem.js';
import { AdminOnly } from '../security/access.decorators.js';

@Controller('v1/cache')
export class CacheController {
  constructor(private readonly cache: RedisCacheService) {}

  @Delete()
  @AdminOnly()
  async clear(): Promise<{ cleared: true }> {
    if (await this.cache.clearCache()) return { cleared: true };
    throw new ProblemError(503, 'The cache was not cleared: Redis is unavailable.', {
      code: 'ERR_REDIS_UNAVAILABLE',
    });
  }
}
