/** No request is lost, whichever process dies, and at whatever moment. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { type ManagedProcess, RedisServer, spawnNode, until } from '@test/support/index.js';

const PRODUCERS = 8;
const CONSUMERS = 8;
const KILLED = 4;
const TOTAL = 10_000;
const GIVE_UP_MS = 120_000;

interface Got {
  request: string;
  producer: string;
  number: number;
  deliveries: number;
  /** Position in the queue, for first deliveries: the id of the stream's entry as a number. */
  place: bigint;
}

const PLACE_BITS = 64n;

describe('8 producers and 8 consumers, 4 of which are killed', () => {
  const caches = new Caches();
  let server: RedisServer;
  let processes: ManagedProcess[] = [];

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
  });

  afterEach(async () => {
    await Promise.all(processes.map((child) => child.stop()));
    processes = [];
    await caches.closeAll();
  });

  afterAll(() => server.stop());

  const start = async (scenario: object): Promise<ManagedProcess> => {
    const { host, port } = server;
    const env = { SCENARIO: JSON.stringify({ connection: { host, port }, ...scenario }), NO_COLOR: '1' };
    const child = spawnNode('test/fixtures/queue-process.mjs', { env });
    processes.push(child);
    await child.waitForLine(/^ready$/, 60_000);
    return child;
  };

  /** Runs all processes and kills consumers after random numbers of requests. Returns what each consumer received. */
  async function run(
    ackFirst: boolean,
  ): Promise<{ cache: RedisCacheService; dead: Got[][]; alive: Got[][] }> {
    const keyPrefix = freshPrefix();
    const cache = caches.create({
      connection: { url: server.url },
      keyPrefix,
      commandTimeoutMs: 20_000,
      queue: { maxDeliveries: 1_000 },
    });
    const starting = [
      ...Array.from({ length: CONSUMERS }, () => start({ role: 'consumer', keyPrefix, ackFirst })),
      ...Array.from({ length: PRODUCERS }, (_, name) =>
        start({ role: 'producer', keyPrefix, name: String(name), count: TOTAL / PRODUCERS }),
      ),
    ];
    const started = await Promise.all(starting);
    const consumers = started.slice(0, CONSUMERS);
    for (const child of started) child.signal('SIGUSR2');
    const doomed = consumers.slice(0, KILLED);
    await Promise.all(doomed.map((child) => killSomewhere(child)));
    await until(
      async () => {
        const { waiting, reserved } = await cache.queue().getQueueStats();
        return waiting + reserved === 0 && started.slice(CONSUMERS).every(({ exitStatus }) => exitStatus);
      },
      { what: 'the queue to be drained', timeoutMs: GIVE_UP_MS, everyMs: 100 },
    );
    await Promise.all(consumers.map((child) => child.stop(20_000)));
    return {
      cache,
      dead: doomed.map(gotBy),
      alive: consumers.slice(KILLED).map(gotBy),
    };
  }

  it.each([
    ['handle and then acknowledge lose no request', false],
    ['acknowledge and then handle never handle a request twice', true],
  ])(
    'that %s, and receive first deliveries in order',
    async (_what, ackFirst) => {
      const { cache, dead, alive } = await run(ackFirst);
      const all = [...dead, ...alive].flat();
      const distinct = new Set(all.map(({ request }) => request));
      expect(dead.every((got) => got.length > 0 && got.length < TOTAL)).toBe(true);
      if (ackFirst) {
        expect(all).toHaveLength(distinct.size);
        // Each killed consumer had acknowledged at most one batch that it had not handled.
        expect(distinct.size).toBeGreaterThanOrEqual(TOTAL - KILLED * 10);
      } else {
        expect(distinct.size).toBe(TOTAL);
      }
      for (const got of [...dead, ...alive]) expectFirstDeliveriesInOrder(got);
      expect(await cache.queue().listDeadLetters()).toEqual([]);
    },
    180_000,
  );
});

async function killSomewhere(child: ManagedProcess): Promise<void> {
  const enough = 50 + Math.floor(Math.random() * 300);
  await until(() => gotBy(child).length >= enough || child.exitStatus, {
    what: 'a consumer to receive requests',
    timeoutMs: GIVE_UP_MS,
  });
  await child.kill();
}

function gotBy(child: ManagedProcess): Got[] {
  const lines = child.stdout.matchAll(/^got (\d+) (\d+) (\d+) (\d+)-(\d+)\S*$/gm);
  return [...lines].map(([, producer, number, deliveries, time, sequence]) => ({
    request: `${producer}/${number}`,
    producer: producer!,
    number: Number(number),
    deliveries: Number(deliveries),
    place: (BigInt(time!) << PLACE_BITS) + BigInt(sequence!),
  }));
}

// Redeliveries may come in between.
function expectFirstDeliveriesInOrder(got: Got[]): void {
  const last = new Map<string, number>();
  let lastPlace = -1n;
  for (const { producer, number, deliveries, place } of got) {
    if (deliveries > 1) continue;
    expect(place > lastPlace).toBe(true);
    expect(number).toBeGreaterThan(last.get(producer) ?? -1);
    last.set(producer, number);
    lastPlace = place;
  }
}
