import 'reflect-metadata';
import { Controller, Get, Module, Param, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { RedisCacheHealthIndicator, RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { HttpCache, HttpCacheInterceptor } from 'nestjs-redis-cache/http';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import type { Program } from './operation.js';

@Controller()
class PagesController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redis: RedisCacheHealthIndicator,
  ) {}

  @Get('pages/:name')
  @UseInterceptors(HttpCacheInterceptor)
  @HttpCache({ ttlSeconds: 3_600 })
  page(@Param('name') name: string): string {
    return `page ${name}`;
  }

  @Get('health')
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('redis')]);
  }
}

/** A response, as far as the operations compare it. */
export interface SiteResponse {
  status: number;
  cacheStatus: string;
  body: string;
}

/** A Nest application on Fastify, with HTTP caching and a health check. */
export class Site {
  private constructor(
    private readonly app: NestFastifyApplication,
    private readonly url: string,
    private readonly log: LogCapture,
  ) {}

  static async start({ connection, deadlineMs }: Omit<Program, 'site'>): Promise<Site> {
    const cache = RedisCacheModule.forRoot({
      connection,
      keyPrefix: 'chaos-site',
      commandTimeoutMs: deadlineMs,
    });
    @Module({ imports: [cache, TerminusModule], controllers: [PagesController] })
    class SiteModule {}
    const log = new LogCapture();
    const app = await NestFactory.create<NestFastifyApplication>(SiteModule, new FastifyAdapter(), {
      logger: log,
    });
    await app.listen(0, '127.0.0.1');
    return new Site(app, await app.getUrl(), log);
  }

  get cache(): RedisCacheService {
    return this.app.get(RedisCacheService);
  }

  /** The lines of the cache; Nest itself and Terminus log others. */
  get lines(): readonly string[] {
    return this.log.matching(/^(Redis |A Redis command |The near cache |A cache entry )/);
  }

  async get(path: string): Promise<SiteResponse> {
    const response = await fetch(this.url + path, { headers: { connection: 'close' } });
    const cacheStatus = (response.headers.get('cache-status') ?? '')
      .replace('redis-cache; ', '')
      .replace(/; ttl=\d+/, '');
    return { status: response.status, cacheStatus, body: await response.text() };
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}
