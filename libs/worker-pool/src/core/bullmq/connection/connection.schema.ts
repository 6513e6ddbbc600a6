import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { z } from 'zod';
import { readRedisUrl } from './redis-url.js';

const MAX_PORT = 65_535;
const WAYS = ['clusterNodes', 'sentinels', 'url', 'path', 'host'] as const;

const text = z.string({ error: 'must be a text' }).min(1, { error: 'must not be empty' });
const port = z
  .int({ error: `must be a port from 1 to ${MAX_PORT}` })
  .min(1)
  .max(MAX_PORT);
const addresses = z
  .array(z.strictObject({ host: text, port: port.optional() }), { error: 'must be a list of { host, port }' })
  .min(1, { error: 'must not be empty' });

const passedOn = <T>() =>
  z.custom<T>((value) => typeof value === 'object' && value !== null, { error: 'must be an object' });

/** What a connection is given as, checked. */
export const connectionSchema = z
  .strictObject(
    {
      clusterNodes: addresses.optional(),
      sentinels: addresses.optional(),
      sentinelName: text.optional(),
      sentinelPassword: text.optional(),
      // The address is never repeated in an error: it may hold a password.
      url: text
        .refine((url) => readRedisUrl(url) !== null, {
          error: 'must be an address such as redis://localhost:6379',
        })
        .optional(),
      path: text.optional(),
      host: text.optional(),
      port: port.optional(),
      db: z.int({ error: 'must be a whole number' }).min(0, { error: 'must not be negative' }).optional(),
      username: text.optional(),
      password: text.optional(),
      tls: z
        .union([z.boolean(), passedOn<TlsOptions>()], { error: 'must be true, false or an object' })
        .optional(),
      redisOptions: passedOn<RedisOptions>().optional(),
      clusterOptions: passedOn<Omit<ClusterOptions, 'redisOptions'>>().optional(),
    },
    { error: ({ code }) => (code === 'unrecognized_keys' ? 'is not an option' : 'must be an object') },
  )
  .superRefine((value, context) => {
    const refuse = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    const [first, second] = WAYS.filter((way) => value[way] !== undefined);
    if (first && second) {
      refuse(second, `cannot be combined with ${first}`);
    }
    if (value.sentinels && !value.sentinelName) {
      refuse('sentinelName', 'is needed with sentinels');
    }
    if (value.clusterNodes && value.db) {
      refuse('db', 'cannot be chosen on a Cluster');
    }
  });

export type ResolvedConnection = z.output<typeof connectionSchema>;
