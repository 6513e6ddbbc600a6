import { resolve } from 'node:path';
import type { ComputationTicket, GetOrSetOptions } from 'nestjs-redis-cache';
import { type ManagedProcess, RedisCluster, RedisServer, spawnNode } from '../support/index.js';

const SCRIPT = resolve('test/fixtures/submitting-process.mjs');

/** A Redis, whatever it is made of. */
export interface Place {
  connection: object;
  /** How many of these keys of Redis are there. */
  exists(key: string): Promise<number>;
  stop(): Promise<void>;
}

export async function standalone(): Promise<Place> {
  const redis = await RedisServer.start();
  const client = redis.client();
  return { connection: { url: redis.url }, exists: (key) => client.exists(key), stop: () => redis.stop() };
}

export async function cluster(): Promise<Place> {
  const nodes = await RedisCluster.start({ masters: 3 });
  const client = nodes.client();
  const connection = { clusterNodes: nodes.addresses };
  return { connection, exists: (key) => client.exists(key), stop: () => nodes.stop() };
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
