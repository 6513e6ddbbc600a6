import { resolve } from 'node:path';
import type { Cluster, Redis } from 'ioredis';
import type { ComputationTicket, GetOrSetOptions } from 'nestjs-redis-cache';
import { type ManagedProcess, RedisCluster, RedisServer, spawnNode } from '@test/support/index.js';

const SCRIPT = resolve('test/fixtures/submitting-process.mjs');

/** A Redis, whatever it is made of. */
export interface Place {
  connection: object;
  /** How long a key of Redis has yet to live, in milliseconds; below 0 when it is not there. */
  timeLeft(key: string): Promise<number>;
  /** Lets the time of a key pass. */
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

/** A process that asks for the key and waits for work that others do, and the ticket for it. */
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
