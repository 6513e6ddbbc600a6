import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { spawnNode } from '../support/index.js';

const REFUSE_NEST = resolve('test/fixtures/refuse-nest.mjs');

/** Runs a program that cannot import Nest, rxjs or reflect-metadata. */
async function runWithoutNest(
  program: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnNode('--input-type=module', {
    nodeArgs: ['--import', REFUSE_NEST],
    args: ['--eval', program],
  });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

it('nestjs-redis-cache/core caches, queues and consumes without Nest', async () => {
  const run = await runWithoutNest(`
    import { createRedisCache } from 'nestjs-redis-cache/core';
    const cache = createRedisCache({ backend: 'memory' });
    await cache.getOrSet('key', () => 'computed');
    console.log(await cache.getOrSet('key', () => 'computed again'));
    await cache.queueRequest('queued');
    const handled = await new Promise((resolve) => {
      cache.queue().createConsumer({ handler: ({ data }) => resolve(data) }).start();
    });
    console.log(handled);
    await cache.close();
  `);
  expect(run).toEqual({ code: 0, stdout: 'computed\nqueued', stderr: '' });
});

it('the main entry needs Nest', async () => {
  const run = await runWithoutNest(`await import('nestjs-redis-cache');`);
  expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('refused: reflect-metadata') });
});
