import { describe, expect, it } from '@jest/globals';
import {
  type Cluster,
  type ClusterNode,
  type ClusterOptions,
  type Redis,
  type RedisOptions,
  SentinelConnector,
} from 'ioredis';
import { cachePolicy, hastyPolicy, patientPolicy } from './client-policies.js';
import type { RedisConnectionOptions } from './connection-options.js';
import { createClient } from './create-client.js';

const LIMITS = { connectTimeoutMs: 1_500, commandTimeoutMs: 700 };
const POLICIES = {
  cache: cachePolicy(LIMITS.connectTimeoutMs),
  hasty: hastyPolicy(LIMITS),
  patient: patientPolicy(LIMITS),
};

/** What the constructor of ioredis would receive. */
interface Created {
  nodes?: ClusterNode[];
  options: RedisOptions & ClusterOptions;
}

function create(connection: RedisConnectionOptions, policy: keyof typeof POLICIES): Created {
  const created: Created[] = [];
  class FakeRedis {
    constructor(readonly options: RedisOptions) {
      created.push({ options });
    }

    select(): void {}

    duplicate(): object {
      return { on: () => {}, connect: () => Promise.reject(new Error('away')), disconnect: () => {} };
    }

    once(): void {}
  }
  class FakeCluster {
    constructor(nodes: ClusterNode[], options: ClusterOptions) {
      created.push({ nodes, options });
    }
  }
  const Redis = FakeRedis as unknown as new (options: RedisOptions) => Redis;
  const Cluster = FakeCluster as unknown as new (nodes: ClusterNode[], options: ClusterOptions) => Cluster;
  createClient({ Redis, Cluster, SentinelConnector }, connection, POLICIES[policy]);
  return created[0]!;
}

describe('createClient', () => {
  it.each([
    [{}, { host: 'localhost', port: 6379, db: 0 }],
    [
      { host: 'a', port: 1, db: 2 },
      { host: 'a', port: 1, db: 2 },
    ],
    [{ path: '/run/redis.sock' }, { path: '/run/redis.sock', db: 0 }],
    [{ url: 'rediss://u:p@a:1/2' }, { host: 'a', port: 1, db: 2, username: 'u', password: 'p', tls: {} }],
    [
      { url: 'redis://:old@a', password: 'new' },
      { host: 'a', password: 'new' },
    ],
    [
      { url: 'redis://a', redisOptions: { password: 'p' } },
      { host: 'a', password: 'p' },
    ],
    [
      { url: 'rediss://a', redisOptions: { tls: { ca: 'pem' } } },
      { host: 'a', tls: { ca: 'pem' } },
    ],
    [
      { url: 'rediss://a', tls: { ca: 'pem' } },
      { host: 'a', tls: { ca: 'pem' } },
    ],
    [{ tls: true, redisOptions: { tls: { ca: 'pem' } } }, { tls: { ca: 'pem' } }],
    [
      { url: 'redis://a', db: 3, port: 1 },
      { host: 'a', port: 1, db: 3 },
    ],
    [{ redisOptions: { host: 'a', port: 1, db: 3 } }, { host: 'a', port: 1, db: 3 }],
    [{ redisOptions: { path: '/run/redis.sock' } }, { path: '/run/redis.sock', db: 0 }],
    [
      { redisOptions: { sentinels: [{ host: 'a' }], name: 'm', sentinelPassword: 'p' } },
      { sentinels: [{ host: 'a', port: 26_379 }], name: 'm', sentinelPassword: 'p' },
    ],
    [
      { sentinels: [{ host: 'a' }, { host: 'b', port: 1 }], sentinelName: 'm', db: 3 },
      { sentinels: [26_379, 1].map((port, at) => ({ host: 'ab'[at], port })), name: 'm', db: 3 },
    ],
  ])('with %j connects to %j', (connection, options) => {
    expect(create(connection, 'cache').options).toMatchObject(options);
    expect(create(connection, 'hasty').options).toMatchObject(options);
  });

  it.each([
    ['cache', { enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false }],
    ['hasty', { enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false }],
    [
      'patient',
      { enableOfflineQueue: true, maxRetriesPerRequest: null, autoResendUnfulfilledCommands: true },
    ],
  ] as const)('the options of the policy %s override those of the user', (policy, options) => {
    const redisOptions = {
      enableOfflineQueue: policy !== 'patient',
      maxRetriesPerRequest: 20,
      autoResendUnfulfilledCommands: policy !== 'patient',
      connectTimeout: 1,
      retryStrategy: () => null,
      connectionName: 'mine',
    };
    const created = create({ redisOptions }, policy).options;
    expect(created).toMatchObject({ ...options, connectTimeout: 1_500, connectionName: 'mine' });
    expect(created.retryStrategy?.(1)).toBeGreaterThan(0);
  });

  it.each(['cache', 'hasty', 'patient'] as const)('a Cluster with the policy %s', (policy) => {
    const clusterOptions = {
      enableOfflineQueue: policy !== 'patient',
      maxRedirections: 7,
      scaleReads: 'all',
    } as const;
    const { nodes, options } = create(
      { clusterNodes: [{ host: 'a' }, { host: 'b', port: 1 }], password: 'p', clusterOptions },
      policy,
    );
    expect(nodes).toEqual([
      { host: 'a', port: 6379 },
      { host: 'b', port: 1 },
    ]);
    expect(options).toMatchObject({
      enableOfflineQueue: policy === 'patient',
      maxRedirections: 7,
      scaleReads: 'all',
      slotsRefreshTimeout: 1_000,
      redisOptions: { password: 'p', connectTimeout: 1_500 },
    });
  });

  it.each([
    ['cache', false],
    ['hasty', false],
    ['patient', 2],
  ] as const)('with %s handles a server that has become read-only', (policy, reaction) => {
    const { options } = create({ host: 'a' }, policy);
    expect(options.retryStrategy?.(9)).toBeGreaterThan(100);
    expect(options.reconnectOnError?.(new Error("READONLY You can't write"))).toBe(reaction);
    expect(options.reconnectOnError?.(new Error('UNBLOCKED force unblock'))).toBe(reaction);
    expect(options.reconnectOnError?.(new Error('ERR x'))).toBe(false);
    expect(options.retryStrategy?.(9)).toBeLessThanOrEqual(100);
  });
});
