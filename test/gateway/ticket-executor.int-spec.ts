import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TicketExecutor } from '@gateway/pool/ticket-executor.js';
import { type Completion, Executor, ExecutorError } from 'nestjs-worker-pool';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';

const PRIVATE = "EACCES: permission denied, open '/srv/private/prompt of a tenant'";

const caches = new Caches();
let redis: RedisServer;
let cache: RedisCacheService;

beforeAll(async () => {
  redis = await RedisServer.start();
  LogCapture.start();
  cache = caches.create({ connection: { url: redis.url } });
  await until(() => cache.isConnected(), { what: 'the cache to be connected' });
});

afterAll(async () => {
  await caches.closeAll();
  await redis?.stop();
});

class FailingExecutor extends Executor {
  readonly name = 'failing';

  constructor(private readonly error: Error) {
    super();
  }

  validate(): void {}

  resolveModel(): string {
    return 'none';
  }

  execute(): Promise<Completion> {
    return Promise.reject(this.error);
  }
}

/** Executes a task with a ticket; returns what it rejected with, and what other processes find in Redis. */
async function failWith(failure: Error, key: string): Promise<{ thrown: unknown; shared: string }> {
  const executor = new TicketExecutor(new FailingExecutor(failure), cache);
  const ticket = cache.ticketFor(key, { ttlSeconds: 60 });
  const { signal } = new AbortController();
  const [outcome] = await Promise.allSettled([
    executor.execute({ prompt: 'hello' }, { taskId: 'a', signal, context: { ticket } }),
  ]);
  const client = redis.client();
  const texts = await client.mget(await client.keys(`*{${key}}*`));
  return { thrown: outcome.status === 'rejected' && outcome.reason, shared: texts.join() };
}

it('shares the kind of an unexpected failure with other processes, and nothing of its message', async () => {
  const error = new Error(PRIVATE);
  const { thrown, shared } = await failWith(error, 'foreign');
  // The pool logs its stack.
  expect(thrown).toBe(error);
  expect(shared).toContain('the failing executor failed');
  expect(shared).not.toContain('private');
});

it('shares the message of an error of the executor, without its detail for the log', async () => {
  const error = new ExecutorError('the service is closed', { logDetail: PRIVATE });
  const { thrown, shared } = await failWith(error, 'own');
  expect(thrown).toBe(error);
  expect(shared).toContain('the service is closed');
  expect(shared).not.toContain('private');
});
