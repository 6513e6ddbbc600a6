import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BusyClients,
  type BusyRequest,
  type ManagedProcess,
  MessagesApi,
  RedisServer,
  spawnNode,
  WAITS_AT_END,
} from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const CLIENTS = 20;

let redis: RedisServer;
let model: MessagesApi;

beforeAll(async () => {
  [redis, model] = await Promise.all([RedisServer.start(), MessagesApi.start()]);
});

afterAll(() => Promise.all([redis.stop(), model.stop()]));

/** Requests for completions: every `newEvery`th is new, the others are hits. */
function requestsTo(gateway: Gateway, newEvery: number): () => BusyRequest {
  const { port } = new URL(gateway.url);
  let sent = 0;
  return () => {
    sent += 1;
    const prompt = sent % newEvery === 0 ? `Question ${sent}. It is new.` : 'The same question. It is known.';
    const headers = { 'content-type': 'application/json' };
    const options = { port, host: '127.0.0.1', path: '/v1/completions', method: 'POST', headers };
    return { options, body: JSON.stringify({ prompt }) };
  };
}

/** The access log has one line for each request that was read. */
function requestsRead({ process }: Gateway): number {
  return process.stdout.match(/^.*"route":"\/v1\/completions".*$/gm)?.length ?? 0;
}

describe('a gateway that is stopped under load', () => {
  it.each(['0', '500'])(
    'loses no request of busy keep-alive clients, with a grace of %s ms',
    async (SHUTDOWN_GRACE_MS) => {
      const gateway = await startGateway({ REDIS_URL: redis.url, SHUTDOWN_GRACE_MS });
      const clients = new BusyClients(CLIENTS, requestsTo(gateway, 10));
      await clients.answered(200);
      gateway.process.signal('SIGTERM');
      const { statuses, closing, keptWhileStopping, lost, lostAtEnd } = await clients.ended();
      expect(lost).toEqual([]);
      expect(lostAtEnd.length).toBeLessThanOrEqual(WAITS_AT_END);
      expect([...statuses.keys()]).toEqual([200]);
      expect(closing).toBeGreaterThan(0);
      expect(keptWhileStopping).toBe(0);
      expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
      expect(requestsRead(gateway)).toBe(statuses.get(200));
    },
  );
});

describe('a worker that is stopped under load', () => {
  it('loses no task and has none executed twice: another worker does what is left', async () => {
    const executor = { WORKER_EXECUTOR: 'anthropic', ANTHROPIC_MAX_RETRIES: '0', ...model.env };
    const env = { ...executor, REDIS_URL: redis.url, WORKER_POOL: 'bullmq' };
    const [gateway, worker, other] = await Promise.all([
      startGateway(env),
      startWorker(env),
      startWorker(env),
    ]);
    const clients = new BusyClients(CLIENTS, requestsTo(gateway, 1));
    await clients.answered(40);
    worker.signal('SIGTERM');
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    await clients.answered(40);
    gateway.process.signal('SIGTERM');
    const { statuses, lost, lostAtEnd } = await clients.ended();
    expect(lost).toEqual([]);
    expect(lostAtEnd.length).toBeLessThanOrEqual(WAITS_AT_END);
    expect([...statuses.keys()]).toEqual([200]);
    // Each question is new, so each text belongs to one task.
    const asked = model.calls.map(({ text }) => text);
    expect(asked).toHaveLength(statuses.get(200) ?? 0);
    expect(new Set(asked).size).toBe(asked.length);
    await other.stop();
  });
});

async function startWorker(env: Record<string, string>): Promise<ManagedProcess> {
  const worker = spawnNode('apps/gateway/dist/worker.js', { env });
  await worker.waitForLine(/^Working/);
  return worker;
}
