/**
 * A self-signed TLS certificate for localhost and 127.0.0.1, made at run time.
 *
 *   const { key, cert } = selfSignedCertificate();   // both PEM; `cert` is also the `ca` that clients trust
 *
 * Node can sign but not issue certificates, and the `openssl` command is not on every machine, so the few
 * ASN.1 structures of X.509 v3 are written out here.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface SelfSignedCertificate {
  readonly key: string;
  readonly cert: string;
}

const DAY_MS = 86_400_000;
const VALID_DAYS = 30;

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const EXPLICIT_0 = 0xa0;
const EXPLICIT_3 = 0xa3;
const SAN_DNS = 0x82;
const SAN_IP = 0x87;

const OID_ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const OID_COMMON_NAME = Buffer.from('0603550403', 'hex');
const OID_BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const OID_SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');
const TRUE = Buffer.from('0101ff', 'hex');

/** The shortest form, as DER demands; nothing here reaches 64 KB. */
function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >> 8, length & 0xff]);
}

function der(tag: number, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag]), derLength(body.length), body]);
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[^\d]/g, '');
  return der(UTC_TIME, `${digits.slice(2, 14)}Z`);
}

function serialNumber(): Buffer {
  const bytes = randomBytes(8);
  // A leading bit of 1 would make the number negative, leading zeros would make its encoding invalid.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return der(INTEGER, bytes);
}

function extensions(): Buffer {
  const isAuthority = der(SEQUENCE, TRUE);
  const names = der(SEQUENCE, der(SAN_DNS, 'localhost'), der(SAN_IP, Buffer.from([127, 0, 0, 1])));
  return der(
    EXPLICIT_3,
    der(
      SEQUENCE,
      der(SEQUENCE, OID_BASIC_CONSTRAINTS, TRUE, der(OCTET_STRING, isAuthority)),
      der(SEQUENCE, OID_SUBJECT_ALT_NAME, der(OCTET_STRING, names)),
    ),
  );
}

function toPem(bytes: Buffer): string {
  // Exactly this wrapping: OpenSSL refuses a certificate with an empty line before the end marker.
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

export function selfSignedCertificate(): SelfSignedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, OID_ECDSA_WITH_SHA256);
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, OID_COMMON_NAME, der(UTF8_STRING, 'localhost'))));
  const now = Date.now();
  const toBeSigned = der(
    SEQUENCE,
    der(EXPLICIT_0, der(INTEGER, Buffer.from([2]))),
    serialNumber(),
    algorithm,
    name,
    der(SEQUENCE, utcTime(now - DAY_MS), utcTime(now + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = der(SEQUENCE, toBeSigned, algorithm, der(BIT_STRING, Buffer.from([0]), signature));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: toPem(certificate) };
}
