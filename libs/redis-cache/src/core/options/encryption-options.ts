import { flag, optionsObject, type OptionsOf, variables } from 'nestjs-redis-connection';
import { z } from 'zod';

const KEY_BYTES = 32;
const MAX_KEYS = 16;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

const keyShape = {
  /** Name of the key, stored with everything it encrypts: 1 to 32 letters, digits, `.`, `_` and `-`. */
  id: z
    .string({ error: 'must be a string' })
    .regex(/^[\w.-]{1,32}$/, { error: 'must be 1 to 32 letters, digits, dots, underscores and hyphens' }),
  /** 32 random bytes in base64, such as the output of `openssl rand -base64 32`. */
  key: z
    .string({ error: 'must be a string' })
    .refine((text) => BASE64.test(text) && Buffer.from(text, 'base64').byteLength === KEY_BYTES, {
      error: 'must be 32 bytes in base64, such as the output of "openssl rand -base64 32"',
    }),
};

/** A key of AES-256-GCM. */
export interface EncryptionKey extends OptionsOf<typeof keyShape> {}

const keys = z
  .array(optionsObject(keyShape) as z.ZodType<Required<EncryptionKey>, EncryptionKey>)
  .min(1, { error: 'must contain a key' })
  .max(MAX_KEYS, { error: `must not contain more than ${MAX_KEYS} keys` })
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, {
    error: 'must not contain an id twice',
  });

export const encryptionShape = {
  /** Keys of AES-256-GCM, 1 to 16. The first encrypts, all decrypt; to rotate, add a key, then move it to the front. */
  keys: keys.register(variables, {
    name: 'CACHE_ENCRYPTION_KEYS',
    format: 'a list of id:key, separated by commas, where a key is 32 bytes in base64',
    parse: parseKeys,
  }),
  /**
   * Whether data that is not encrypted is read, which is needed while encryption is turned on and for entries that other
   * programs write. `false`: such an entry is a miss, and such a request becomes a dead letter. Default `false`.
   */
  readPlain: z
    .boolean()
    .default(false)
    .register(variables, { name: 'CACHE_ENCRYPTION_READ_PLAIN', ...flag }),
};

/** Encryption of everything that the cache stores in Redis except names and numbers. */
export interface EncryptionOptions extends OptionsOf<typeof encryptionShape> {}

/** `id:key,id:key`; a key contains neither colons nor commas. */
function parseKeys(text: string): EncryptionKey[] | undefined {
  const pairs = text.split(',').map((part) => part.trim().split(':'));
  if (pairs.some((pair) => pair.length !== 2)) return undefined;
  return pairs.map(([id, key]) => ({ id: id!, key: key! }));
}
