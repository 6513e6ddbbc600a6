import type { Operation } from './operation.js';
import { type Bench, cacheOperation } from './cache-operation.js';

/** More than the calls of one operation under one fault. */
const REQUESTS = 1_000;
const LEASE_SECONDS = 600;
const A_REQUEST = 'a request';
const ACKNOWLEDGED = 'acknowledged';
const NOT_RESERVED = 'never-reserved';

const queueOf = ({ cache }: Bench) => cache.queue();

async function fill(bench: Bench): Promise<void> {
  await queueOf(bench).queueRequests(Array.from({ length: REQUESTS }, () => bench.fresh()));
}

/** Requests that were queued, confirmed, and are no longer there. */
async function notQueued(bench: Bench): Promise<string[]> {
  const found = new Set<string>();
  for (;;) {
    const requests = await queueOf(bench).dequeueRequests<string>(1_000);
    if (requests.length === 0) break;
    for (const request of requests) found.add(request);
  }
  return bench.acknowledged.filter((request) => !found.has(request));
}

async function deliveredTwice({ acknowledged }: Bench): Promise<string[]> {
  return acknowledged.filter((request, index) => acknowledged.indexOf(request) !== index);
}

const described = (request: unknown): string | null => (request === null ? null : A_REQUEST);

const group = 'queue';
const READING = { value: A_REQUEST, fallback: null, withoutData: null } as const;

export const QUEUE_OPERATIONS: readonly Operation[] = [
  cacheOperation({
    name: 'queueRequest',
    group,
    needs: 'writes',
    value: true,
    fallback: false,
    run: async (bench) => {
      const request = bench.fresh();
      return bench.acknowledge(request, await bench.cache.queueRequest(request));
    },
    lost: notQueued,
  }),
  cacheOperation({
    name: 'queueRequests',
    group,
    needs: 'writes',
    value: [true, true],
    fallback: [false, false],
    run: async (bench) => {
      const requests = [bench.fresh(), bench.fresh()];
      const queued = await queueOf(bench).queueRequests(requests);
      return requests.map((request, index) => bench.acknowledge(request, queued[index]!));
    },
    lost: notQueued,
  }),
  cacheOperation({
    name: 'dequeueRequest',
    group,
    needs: 'removes',
    ...READING,
    prepare: fill,
    run: async (bench) => {
      const request = await bench.cache.dequeueRequest<string>();
      if (request !== null) bench.acknowledged.push(request);
      return described(request);
    },
    lost: deliveredTwice,
  }),
  cacheOperation({
    name: 'getQueueLength',
    group,
    needs: 'reads',
    value: REQUESTS,
    fallback: 0,
    withoutData: 0,
    prepare: fill,
    run: ({ cache }) => cache.getQueueLength(),
  }),
  cacheOperation({
    name: 'reserveRequest',
    group,
    needs: 'removes',
    ...READING,
    prepare: fill,
    run: async (bench) => described(await queueOf(bench).reserveRequest({ leaseSeconds: LEASE_SECONDS })),
  }),
  cacheOperation({
    name: 'acknowledgeRequest',
    group,
    needs: 'removes',
    value: ACKNOWLEDGED,
    fallback: 'not acknowledged',
    withoutData: 'not acknowledged',
    prepare: async (bench) => {
      await fill(bench);
      const options = { leaseSeconds: LEASE_SECONDS };
      const reserved = await queueOf(bench).reserveRequests<string>(REQUESTS, options);
      bench.acknowledged.push(...reserved.map(({ id }) => id));
    },
    run: async (bench) => {
      const id = bench.acknowledged.pop() ?? NOT_RESERVED;
      const isRemoved = await queueOf(bench).acknowledgeRequest(id);
      return isRemoved ? ACKNOWLEDGED : 'not acknowledged';
    },
  }),
  cacheOperation({
    name: 'clearQueue',
    group,
    needs: 'removes',
    value: true,
    fallback: false,
    prepare: fill,
    run: ({ cache }) => cache.clearQueue(),
  }),
];
