import { Test, type TestingModule } from '@nestjs/testing';
import { FakeClock, RedisCacheTestingModule } from 'nestjs-redis-cache/testing';
import { OfflineExecutor, WorkerPoolModule } from 'nestjs-worker-pool';
import { Articles } from './articles.service.js';

describe('Articles', () => {
  let app: TestingModule;

  beforeEach(async () => {
    app = await Test.createTestingModule({
      imports: [
        RedisCacheTestingModule.forRoot(),
        WorkerPoolModule.forRoot({ executor: new OfflineExecutor() }),
      ],
      providers: [Articles],
    }).compile();
    app.enableShutdownHooks();
    await app.init();
  });

  afterEach(() => app.close());

  it('loads an article once until it expires', async () => {
    const articles = app.get(Articles);
    expect(await articles.find('1')).toEqual({ id: '1', loads: 1 });
    expect(await articles.find('1')).toEqual({ id: '1', loads: 1 });
    app.get(FakeClock).advance(61_000);
    expect(await articles.find('1')).toEqual({ id: '1', loads: 2 });
  });

  it('summarises once', async () => {
    const articles = app.get(Articles);
    const text = 'A cache keeps answers. An answer costs money once.';
    const first = await articles.summary(text);
    expect(first.status).toBe('miss');
    expect(await articles.summary(text)).toEqual({ text: first.text, status: 'hit' });
  });
});
