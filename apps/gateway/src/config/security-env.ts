import { z } from 'zod';
import { InvalidHostsError, parseHosts, InvalidProxiesError, parseProxies } from './parse-addresses.js';
import { InvalidApiKeysError, parseApiKeys } from './api-keys.js';

const MAX_TIMEOUT_MS = 3_600_000;
/** The largest limit. */
const MAX_LIMIT = 1_000_000_000;

/** A text that a function reads; what the function refuses becomes the variable's problem. */
const parsed = <T>(parse: (text: string) => T, Refusal: new (problem: string) => Error) =>
  z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] });

/**
 * Settings that decide who may call, how much, and how slowly.
 *
 * | variable | meaning | default |
 * |---|---|---|
 * | `API_KEYS` | `name:key`, `name:key:admin` or `name:key:monitor`, comma-separated; kept hashed | none: everybody is `anonymous` |
 * | `ALLOW_ANONYMOUS` | `true`: without `API_KEYS` listen where others can reach it | `false` |
 * | `ALLOWED_HOSTS` | names, comma-separated, that a server for this machine only answers to besides `localhost` and loopback addresses | none |
 * | `TRUST_PROXY` | addresses or networks of proxies whose `X-Forwarded-For` is believed | none |
 * | `RATE_LIMIT_PER_MINUTE` | requests of a tenant within a minute, in all processes; 0: no limit | 600 |
 * | `FAILED_KEYS_PER_MINUTE` | requests of an address without a valid key that are answered 401; 0: no limit | 30 |
 * | `QUEUE_QUOTA` | requests of a tenant that may wait in its queue, in all processes | 10,000 |
 * | `MAX_HEADER_BYTES` | size of all headers of a request, and of its URL with them | 16,384 |
 * | `MAX_URL_LENGTH` | characters of a URL | 4,096 |
 * | `HEADERS_TIMEOUT_MS` | how long a client may take to send its headers | 10,000 |
 * | `REQUEST_TIMEOUT_MS` | how long a client may take to send a whole request | 30,000 |
 * | `KEEP_ALIVE_TIMEOUT_MS` | how long an unused connection is kept for the next request | 72,000 |
 * | `CONNECTION_TIMEOUT_MS` | how long a connection may be silent both ways, work under way included; 0: for ever | 600,000, or the task timeout and a minute if that is longer |
 */
export const securityShape = {
  API_KEYS: parsed(parseApiKeys, InvalidApiKeysError).optional(),
  ALLOW_ANONYMOUS: flag.default(false),
  ALLOWED_HOSTS: parsed(parseHosts, InvalidHostsError).default([]),
  TRUST_PROXY: parsed(parseProxies, InvalidProxiesError).optional(),
  RATE_LIMIT_PER_MINUTE: whole(0, MAX_LIMIT).default(600),
  FAILED_KEYS_PER_MINUTE: whole(0, MAX_LIMIT).default(30),
  QUEUE_QUOTA: whole(1, MAX_LIMIT).default(10_000),
  MAX_HEADER_BYTES: whole(1_024, 1024 * 1024).default(16 * 1024),
  MAX_URL_LENGTH: whole(128, 64 * 1024).default(4_096),
  HEADERS_TIMEOUT_MS: whole(1, MAX_TIMEOUT_MS).default(10_000),
  REQUEST_TIMEOUT_MS: whole(1, MAX_TIMEOUT_MS).default(30_000),
  KEEP_ALIVE_TIMEOUT_MS: whole(1, MAX_TIMEOUT_MS).default(72_000),
  CONNECTION_TIMEOUT_MS: whole(0, 2 * MAX_TIMEOUT_MS).optional(),
};
