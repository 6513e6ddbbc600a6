import { inspect } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { createRedisCache } from 'nestjs-redis-cache/core';
import { AnthropicExecutor, createWorkerPool, WorkerPool, WorkerPoolModule } from 'nestjs-worker-pool';

const SECRET = 'hunter2';
/** Nobody listens there. */
const connection = { host: '127.0.0.1', port: 1, username: 'app', password: SECRET };
const QUIET = { log: (): void => {}, warn: (): void => {}, error: (): void => {} };

const makeExecutor = (): AnthropicExecutor => new AnthropicExecutor({ apiKey: `sk-${SECRET}` });

function everyText(thing: unknown): string[] {
  const options = { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity };
  return [
    inspect(thing),
    inspect(thing, options),
    inspect(thing, { ...options, showHidden: true }),
    inspect(thing, { ...options, showHidden: true, getters: true, customInspect: false }),
    jsonOf(thing),
  ];
}

function jsonOf(thing: unknown): string {
  try {
    return String(JSON.stringify(thing));
  } catch (error) {
    return String(error);
  }
}

function expectNoSecret(thing: unknown): void {
  for (const text of everyText(thing)) expect(text.includes(SECRET)).toBe(false);
}

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

beforeAll(() => {
  // The texts that are searched can contain it.
  expect(everyText({ connection }).some((text) => text.includes(SECRET))).toBe(true);
});

it('what a user of the cache holds shows no password', async () => {
  const cache = createRedisCache({ connection, near: {} }, { logger: QUIET });
  closing.push(() => cache.close());
  // So that the client has an error and a timer.
  expect(await cache.isConnected()).toBe(false);
  const queue = cache.queue('mails');
  const consumer = queue.createConsumer({ handler: () => {} });
  for (const thing of [cache, cache.sharedCounters, queue, consumer, cache.getStatus()])
    expectNoSecret(thing);
});

it('what a user of the pool holds shows no password and no key', async () => {
  const pool = createWorkerPool({ driver: 'bullmq', executor: makeExecutor(), connection, logger: QUIET });
  closing.push(() => pool.close());
  const error: unknown = await pool.submit({ prompt: 'p' }).catch((reason: unknown) => reason);
  for (const thing of [pool, makeExecutor(), error]) expectNoSecret(thing);
});

describe('the modules of Nest', () => {
  const cacheOptions = { connection };
  const poolOptions = () => ({
    driver: 'bullmq' as const,
    executor: makeExecutor(),
    connection,
    logger: QUIET,
  });

  it.each([
    ['forRoot', () => [RedisCacheModule.forRoot(cacheOptions), WorkerPoolModule.forRoot(poolOptions())]],
    [
      'forRootAsync',
      () => [
        RedisCacheModule.forRootAsync({ useFactory: () => cacheOptions }),
        WorkerPoolModule.forRootAsync({ useFactory: poolOptions }),
      ],
    ],
  ])('show no password and no key after %s', async (_method, imports) => {
    const modules = imports();
    for (const module of modules) expectNoSecret(module);
    const app = await Test.createTestingModule({ imports: modules }).setLogger(QUIET).compile();
    closing.push(() => app.close());
    const get = <T>(token: Type<T> | (abstract new (...args: never[]) => T)): T =>
      (app as INestApplicationContext).get<T>(token as Type<T>);
    for (const thing of [get(RedisCacheService), get(WorkerPool)]) expectNoSecret(thing);
    // Nest's container, with every module and provider.
    expectNoSecret((app as unknown as { container: unknown }).container);
  });

  it('show none in the error of a start that fails', async () => {
    const wrong = { connection: { ...connection, prot: 1 } } as never;
    const starting = Test.createTestingModule({ imports: [RedisCacheModule.forRoot(wrong)] }).compile();
    const error: unknown = await starting.catch((reason: unknown) => reason);
    expect(String(error)).toContain('connection.prot is not an option');
    expectNoSecret(error);
  });
});
