import { type Cache, CACHE_MANAGER } from '@nestjs/cache-manager';
import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';

/** What cache-manager caches, behind a limit of calls. */
@Controller('limited')
@UseGuards(ThrottlerGuard)
export class LimitedController {
  #loads = 0;

  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  @Get()
  async find(): Promise<{ loads: number }> {
    return this.cache.wrap('limited', async () => ({ loads: (this.#loads += 1) }), 60_000);
  }
}
