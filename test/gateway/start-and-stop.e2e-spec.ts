import { describe, expect, it } from '@jest/globals';
import { RedisServer, spawnNode, until } from '@test/support/index.js';
import { startGateway } from './start-gateway.js';

const MAIN = 'apps/gateway/dist/main.js';

describe('start', () => {
  it('prints the address, the setup and a request to try', async () => {
    const gateway = await startGateway();
    try {
      await gateway.process.waitForLine(/curl -i/);
      const said = gateway.process.stdout;
      expect(said).toMatch(/Listening on http:\/\/127\.0\.0\.1:\d+/);
      expect(said).toMatch(/cache +memory/);
      expect(said).toMatch(/pool +local, 5 workers/);
      expect(said).toMatch(/executor +offline/);
      expect(said).toContain(`curl -i ${gateway.url}/v1/completions`);
    } finally {
      await gateway.stop();
    }
  });

  it.each([
    ['PORT', 'http'],
    ['WORKER_CONCURRENCY', '0'],
    ['WORKER_EXECUTOR', 'magic'],
    ['WORKER_POOL', 'none'],
    ['TASK_TIMEOUT_MS', '-5'],
    ['REDIS_PORT', '70000'],
    ['REDIS_TLS', 'perhaps'],
    ['CACHE_TTL_SECONDS', 'long'],
    ['REDIS_CLUSTER_NODES', 'a:b'],
    ['ALLOWED_HOSTS', 'https://gateway.example'],
  ])('fails for an invalid %s and names it', async (variable, value) => {
    const child = spawnNode(MAIN, { env: { PORT: '0', [variable]: value } });
    const { code } = await child.exited;
    expect(code).toBe(1);
    expect(child.stderr).toContain(`The gateway did not start: ${variable}`);
  });

  it('ends when it cannot listen, despite open connections', async () => {
    const redis = await RedisServer.start();
    const first = await startGateway({ REDIS_URL: redis.url });
    try {
      const { port } = new URL(first.url);
      const second = spawnNode(MAIN, { env: { PORT: port, REDIS_URL: redis.url } });
      expect(await second.exited).toEqual({ code: 1, signal: null });
      expect(second.stderr).toContain(
        `The gateway did not start: another program listens on port ${port} of 127.0.0.1 (EADDRINUSE). ` +
          `Choose another port: PORT=${Number(port) + 1} npm start`,
      );
    } finally {
      await first.stop();
      await redis.stop();
    }
  });

  it('does not wait for Redis', async () => {
    const redis = await RedisServer.start();
    await redis.pause();
    const gateway = await startGateway({ REDIS_URL: redis.url });
    try {
      expect((await gateway.get('/health/live')).status).toBe(200);
    } finally {
      await gateway.stop();
      await redis.stop();
    }
  });
});

describe('stop', () => {
  it('is clean with Redis frozen', async () => {
    const redis = await RedisServer.start();
    const gateway = await startGateway({ REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT_MS: '500' });
    await gateway.post('/v1/completions', { prompt: 'One sentence. Another sentence.' });
    await redis.pause();
    gateway.process.signal('SIGTERM');
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
    await redis.stop();
  });

  it('sets readiness to 503 before the server stops listening', async () => {
    const gateway = await startGateway({ SHUTDOWN_GRACE_MS: '60000' });
    try {
      gateway.process.signal('SIGTERM');
      const response = await until(
        async () => {
          const answer = await gateway.get('/health');
          return answer.status === 503 ? answer : undefined;
        },
        { what: 'readiness to turn 503' },
      );
      expect(await response.json()).toMatchObject({ status: 'shutting_down' });
      expect((await gateway.get('/health/live')).status).toBe(200);
      expect((await gateway.post('/v1/completions', { prompt: 'Still here. Still answering.' })).status).toBe(
        200,
      );
    } finally {
      gateway.process.signal('SIGKILL');
      await gateway.process.exited;
    }
  });
});
