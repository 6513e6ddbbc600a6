import { createClient, hastyPolicy, patientPolicy, type RedisClient } from 'nestjs-redis-connection';
import type { ResolvedBullmqOptions } from '../../options/bullmq-options.schema.js';
import type { Packages } from '../packages.js';

const POLICIES = { hasty: hastyPolicy, patient: patientPolicy };

/** Opens a client. It starts to connect at once and never stops trying; nothing waits for it. */
export function openClient(
  { ioredis }: Packages,
  options: ResolvedBullmqOptions,
  policy: keyof typeof POLICIES,
): RedisClient {
  const client = createClient(ioredis, options.connection, POLICIES[policy](options));
  // Without a listener an outage would end the process; the calls that fail report it.
  client.on('error', () => {});
  return client;
}

/**
 * Collects the copies that BullMQ makes of a client for blocking commands: BullMQ cannot close a copy that is
 * reconnecting, so it would reconnect for ever.
 */
export function collectCopies(client: RedisClient): RedisClient[] {
  const copies: RedisClient[] = [];
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => RedisClient;
  const duplicateAndCollect = (...args: unknown[]): RedisClient => {
    const copy = duplicate(...args);
    copies.push(copy);
    return copy;
  };
  Object.assign(client, { duplicate: duplicateAndCollect });
  return copies;
}
