import type { Backend } from './backend/backend.js';
import { SealedBackend } from './backend/sealed/sealed-backend.js';
import { Cipher } from './encryption/cipher.js';
import { TextSealer } from './encryption/text-sealer.js';
import type { UnreadableReport } from './encryption/unreadable.js';
import { type EntryOpener, EntrySealer, PLAIN_ENTRIES } from './entry/entry-sealing.js';
import type { ResolvedRedisCacheOptions } from './options/redis-cache-options.schema.js';

/** A backend, and what reads the entries in it. */
export interface EntryStorage {
  backend: Backend;
  opener: EntryOpener;
}

/** Encrypts what is stored in the backend if the options say so; memory of this process is never encrypted. */
export function encrypted(
  backend: Backend,
  { encryption, keyPrefix }: ResolvedRedisCacheOptions,
  report: UnreadableReport,
): EntryStorage {
  if (encryption === undefined || backend.kind === 'memory') return { backend, opener: PLAIN_ENTRIES };
  const { readPlain } = encryption;
  const cipher = new Cipher(encryption.keys);
  const opener = new EntrySealer(cipher, keyPrefix, readPlain);
  const texts = new TextSealer({ cipher, keyPrefix, readPlain, report });
  return { backend: new SealedBackend(backend, opener, texts), opener };
}
