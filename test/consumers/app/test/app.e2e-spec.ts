import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { RedisCacheService } from 'nestjs-redis-cache';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { AppModule } from './../src/app.module.js';

describe('the application with Redis', () => {
  let app: INestApplication<App>;

  beforeEach(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication();
    await app.init();
    await app.get(RedisCacheService, { strict: false }).clearCache();
  });

  afterEach(() => app.close());

  it('caches the response and forgets it by its tag', async () => {
    const { body } = await request(app.getHttpServer()).get('/articles/1').expect(200);
    const hit = await request(app.getHttpServer())
      .get('/articles/1')
      .expect(200)
      .expect(body as object);
    expect(hit.headers['cache-status']).toContain('hit');
    await request(app.getHttpServer()).delete('/articles').expect(200);
    await request(app.getHttpServer()).get('/articles/1').expect({ id: '1', loads: 2 });
  });

  it('is healthy', async () => {
    const { body } = await request(app.getHttpServer()).get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'ok',
      details: { redis: { status: 'up' }, pool: { status: 'up' } },
    });
  });
});
