import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import type { Backend } from '@redis-cache/core/backend/backend.js';
import { createBackend } from '@redis-cache/core/create-backend.js';
import { resolveOptions } from '@redis-cache/core/options/redis-cache-options.schema.js';
import { longRun } from '@test/support/long-run.js';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { QueueModel, steps } from '@test/fixtures/redis-cache/queue-model.js';
import { RedisServer, within } from '@test/support/index.js';

const { seeds, seed } = longRun({ seeds: 60, seed: 20_261_125 });

describe('the queue in Redis', () => {
  let server: RedisServer;
  let backend: Backend | undefined;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterEach(() => backend?.close());

  afterAll(() => server.stop());

  it(
    'behaves as its model does in random sequences of operations',
    async () => {
      const options = resolveOptions({ connection: { url: server.url }, keyPrefix: freshPrefix() });
      backend = createBackend(options);
      const up = new Promise<void>((resolve) => backend!.watch({ up: resolve, down: () => {} }));
      await within(up, { what: 'the connection' });
      let queues = 0;
      let reserveSteps = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (those) => {
          queues += 1;
          await new QueueModel(backend!.queue, `queue ${queues}`, sleep).run(those);
          reserveSteps += those.filter(({ kind }) => kind === 'reserve').length;
        }),
        { seed: fc.seedOr(seed), numRuns: seeds, endOnFailure: true },
      );
      expect(reserveSteps).toBeGreaterThan(seeds);
    },
    60_000 + seeds * 1_000,
  );
});
