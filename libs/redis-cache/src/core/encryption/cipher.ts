import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Random bytes for many nonces cost as much as for one. */
const NONCES_AT_ONCE = 256;

/** A key by its name, which is stored with everything that it encrypts. */
export interface NamedKey {
  id: string;
  /** 32 bytes in base64. */
  key: string;
}

/**
 * - `unknown-key`: encrypted with a key that is not among those of the cipher
 * - `altered`: not what was encrypted under this name: changed, cut, or moved from another name
 */
export type OpenFailure = 'unknown-key' | 'altered';

/**
 * AES-256-GCM with several keys: the first encrypts, all decrypt. A sealed text is the length of the key's id, the id, a
 * random nonce of 96 bits, the tag, then the ciphertext. It can be opened only with the `bound` bytes of its sealing, which
 * name the place where it is stored.
 */
export class Cipher {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #key: KeyObject;
  /** The id of the first key, after its length. */
  readonly #keyId: Buffer;
  #nonces: Buffer = Buffer.alloc(0);
  #noncesUsed = 0;

  constructor(keys: readonly NamedKey[]) {
    const secrets = keys.map(({ id, key }) => [id, createSecretKey(key, 'base64')] as const);
    const [id, first] = secrets[0]!;
    this.#keys = new Map(secrets);
    this.#key = first;
    this.#keyId = Buffer.from(`${String.fromCodePoint(id.length)}${id}`, 'latin1');
  }

  seal(plain: Buffer, bound: Buffer): Buffer {
    const nonce = this.#nextNonce();
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
    const ciphertext = cipher.update(plain);
    cipher.final();
    return Buffer.concat([this.#keyId, nonce, cipher.getAuthTag(), ciphertext]);
  }

  open(sealed: Buffer, bound: Buffer): Buffer | OpenFailure {
    const nonceAt = 1 + (sealed[0] ?? 0);
    const tagAt = nonceAt + NONCE_BYTES;
    const textAt = tagAt + TAG_BYTES;
    if (sealed.length < textAt) return 'altered';
    const key = this.#keys.get(sealed.toString('latin1', 1, nonceAt));
    if (key === undefined) return 'unknown-key';
    const nonce = sealed.subarray(nonceAt, tagAt);
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(bound).setAuthTag(sealed.subarray(tagAt, textAt));
    const plain = decipher.update(sealed.subarray(textAt));
    try {
      decipher.final();
    } catch {
      return 'altered';
    }
    return plain;
  }

  #nextNonce(): Buffer {
    if (this.#noncesUsed === this.#nonces.length) {
      this.#nonces = randomFillSync(Buffer.allocUnsafe(NONCES_AT_ONCE * NONCE_BYTES));
      this.#noncesUsed = 0;
    }
    const start = this.#noncesUsed;
    this.#noncesUsed += NONCE_BYTES;
    return this.#nonces.subarray(start, this.#noncesUsed);
  }
}
