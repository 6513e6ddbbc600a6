import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { InvalidCallOptionError } from '../core/errors/errors.js';
import { RedisCacheModule } from './redis-cache.module.js';
import { getRedisCacheToken } from './redis-cache.tokens.js';
import type { RedisCacheService } from '../core/redis-cache.service.js';
import {
  type ConsumerRegistration,
  createConsumerProvider,
  getRequestConsumerToken,
} from './consumer-providers.js';
import { RequestConsumer } from '../core/queue/request-consumer.js';

class Mailer {
  readonly sent: unknown[] = [];

  send(mail: unknown): void {
    this.sent.push(mail);
  }
}

@Module({ providers: [Mailer], exports: [Mailer] })
class MailModule {}

const memory = (name?: string) => RedisCacheModule.forRoot({ backend: 'memory', isGlobal: true, name });
const toMailer = {
  imports: [MailModule],
  inject: [Mailer],
  useFactory: (mailer: Mailer) => ({ handler: ({ data }: { data: unknown }) => mailer.send(data) }),
};

const cacheOf = (running: TestingModule, name?: string): RedisCacheService =>
  running.get(getRedisCacheToken(name), { strict: false });

const sentBy = async (running: TestingModule, count: number): Promise<unknown[]> => {
  const { sent } = running.get(Mailer, { strict: false });
  while (sent.length < count) await new Promise((resolve) => setImmediate(resolve));
  return sent;
};

describe('a consumer of a module', () => {
  let app: TestingModule | undefined;

  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  async function start(...imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>) {
    app = await Test.createTestingModule({ imports }).compile();
    app.enableShutdownHooks();
    await app.init();
    return app;
  }

  it('works on the default queue, with the providers injected into its factory', async () => {
    const running = await start(memory(), RedisCacheModule.registerConsumer(toMailer));
    await cacheOf(running).queue().queueRequests(['one', 'two']);
    expect(await sentBy(running, 2)).toEqual(['one', 'two']);
  });

  it('works on a named queue of a named instance only', async () => {
    const registration = { ...toMailer, queue: 'mails', name: 'second' };
    const running = await start(memory(), memory('second'), RedisCacheModule.registerConsumer(registration));
    await cacheOf(running).queue('mails').queueRequest('of the plain instance');
    await cacheOf(running, 'second').queueRequest('of the plain queue');
    await cacheOf(running, 'second').queue('mails').queueRequest('mail');
    expect(await sentBy(running, 1)).toEqual(['mail']);
    expect(await cacheOf(running).queue('mails').getQueueLength()).toBe(1);
    expect(await cacheOf(running, 'second').getQueueLength()).toBe(1);
  });

  it('is injected by a token that differs for each queue and instance', async () => {
    const running = await start(memory(), RedisCacheModule.registerConsumer({ ...toMailer, queue: 'mails' }));
    expect(running.get(getRequestConsumerToken('mails'), { strict: false })).toBeInstanceOf(RequestConsumer);
    const tokens = [[], ['mails'], [undefined, 'mails'], ['mails', 'second']].map((names) =>
      getRequestConsumerToken(...(names as [string?, string?])),
    );
    expect(new Set(tokens).size).toBe(4);
  });

  it('starts with the application, and fetches nothing after the shutdown hook', async () => {
    const running = await start(memory(), RedisCacheModule.registerConsumer(toMailer));
    const cache = cacheOf(running);
    await cache.queueRequest('before');
    expect(await sentBy(running, 1)).toEqual(['before']);
    const consumer = running.get<OnApplicationShutdown>(getRequestConsumerToken(), { strict: false });
    const { sent } = running.get(Mailer, { strict: false });
    await consumer.onApplicationShutdown();
    await cache.queueRequest('after');
    expect(await cache.getQueueLength()).toBe(1);
    expect(sent).toEqual(['before']);
  });

  it('is null where the factory returns null', async () => {
    const running = await start(memory(), RedisCacheModule.registerConsumer({ useFactory: () => null }));
    expect(running.get(getRequestConsumerToken(), { strict: false })).toBeNull();
    await cacheOf(running).queueRequest('left');
    expect(await cacheOf(running).getQueueLength()).toBe(1);
  });

  it('awaits its factory, and an invalid option stops the start and is named', async () => {
    const registration: ConsumerRegistration = {
      useFactory: async () => ({ handler: () => {}, concurrency: 0 }),
    };
    const starting = start(memory(), RedisCacheModule.registerConsumer(registration));
    await expect(starting).rejects.toBeInstanceOf(InvalidCallOptionError);
    await expect(starting).rejects.toMatchObject({ field: 'concurrency' });
  });

  it('can be a provider of any module in which the service can be injected', async () => {
    const { inject, useFactory } = toMailer;
    @Module({ imports: [MailModule], providers: [createConsumerProvider({ inject, useFactory })] })
    class WorkModule {}
    const running = await start(memory(), WorkModule);
    await cacheOf(running).queueRequest('mail');
    expect(await sentBy(running, 1)).toEqual(['mail']);
  });
});
