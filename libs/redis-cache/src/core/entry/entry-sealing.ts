import type { Cipher } from '../encryption/cipher.js';
import type { Unreadable } from '../encryption/unreadable.js';
import {
  HEADER_BYTES,
  hasSealedBody,
  type OpenedEntry,
  openEntry,
  withSealedMark,
} from './entry-envelope.js';

/** Reads the bytes that are stored under a key. */
export interface EntryOpener {
  /** `null` unless the bytes are an entry; a reason if they are one that must not be used. Never throws. */
  open(key: string, bytes: Buffer): OpenedEntry | Unreadable | null;
}

/** Reads entries that are not encrypted. */
export const PLAIN_ENTRIES: EntryOpener = {
  open: (_key, bytes) => (hasSealedBody(bytes) ? 'encrypted' : openEntry(bytes)),
};

/**
 * Encrypts entries after their header, which the scripts in Redis read. The header is authenticated, and so is the key:
 * under another key an entry cannot be opened.
 */
export class EntrySealer implements EntryOpener {
  constructor(
    private readonly cipher: Cipher,
    private readonly keyPrefix: string,
    private readonly readPlain: boolean,
  ) {}

  seal(key: string, entry: Buffer): Buffer {
    const header = withSealedMark(entry.subarray(0, HEADER_BYTES), true);
    const sealed = this.cipher.seal(entry.subarray(HEADER_BYTES), this.#bound(key, header));
    return Buffer.concat([header, sealed]);
  }

  open(key: string, bytes: Buffer): OpenedEntry | Unreadable | null {
    if (!hasSealedBody(bytes)) return this.readPlain ? openEntry(bytes) : 'plain';
    const header = bytes.subarray(0, HEADER_BYTES);
    const content = this.cipher.open(bytes.subarray(HEADER_BYTES), this.#bound(key, header));
    if (typeof content === 'string') return content;
    return openEntry(Buffer.concat([withSealedMark(header, false), content]));
  }

  #bound(key: string, header: Buffer): Buffer {
    return Buffer.concat([header, Buffer.from(`${this.keyPrefix}:{${key}}`)]);
  }
}
