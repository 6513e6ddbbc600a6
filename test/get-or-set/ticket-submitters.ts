import { resolve } from 'node:path';
import type { Cluster, Redis } from 'ioredis';
import type { ComputationTicket, GetOrSetOptions } from 'nestjs-redis-cache';
import { type ManagedProcess, RedisCluster, RedisServer, spawnNode } from '@test/support/index.js';

const SCRIPT = resolve('test/fixtures/submitting-process.mjs');

/** A standalone Redis or a Cluster. */
export interface Place {
  connection: object;
  /** Returns the remaining TTL of a Redis key in milliseconds; negative if there is no such key. */
  timeLeft(key: string): Promise<number>;
  /** Makes a Redis key expire now. */
  expire(key: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function standalone(): Promise<Place> {
  const redis = await RedisServer.start();
  return { connection: { url: redis.url }, ...timesOf(redis.client()), stop: () => redis.stop() };
}

export async function cluster(): Promise<Place> {
  const nodes = await RedisCluster.start({ masters: 3 });
  const connection = { clusterNodes: nodes.addresses };
  return { connection, ...timesOf(nodes.client()), stop: () => nodes.stop() };
}

function timesOf(client: Redis | Cluster): Pick<Place, 'timeLeft' | 'expire'> {
  return { timeLeft: (key) => client.pttl(key), expire: (key) => client.pexpire(key, 0) };
}

/** Starts a process that calls `getOrSet` and waits for work that others do. Returns it with the ticket. */
export async function startSubmitter(
  connection: object,
  key: string,
  options: GetOrSetOptions,
): Promise<{ submitter: ManagedProcess; ticket: ComputationTicket }> {
  const scenario = JSON.stringify({ connection, key, options });
  const submitter = spawnNode(SCRIPT, { env: { SCENARIO: scenario, NO_COLOR: '1' } });
  const line = await submitter.waitForLine(/^ticket /);
  return { submitter, ticket: JSON.parse(line.slice('ticket '.length)) as ComputationTicket };
}
