import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { isCompletion } from '../pool/stored-completion.js';
import { JSON_TYPE } from '../http/answer.js';
import { STREAM_HEADERS } from '../http/event-stream.js';
import { type AnswerCost, costOf } from '../savings/savings.service.js';
import { completionJson } from './completion-response.js';
import { storedEvents } from './completion-stream-format.js';

const MAX_REQUESTS = 10_000;
/** Longer bodies are parsed each time. */
export const MAX_BODY_BYTES = 65_536;
/** Longer responses are serialized each time. */
const MAX_RESPONSE_BYTES = 1_048_576;
/** Memory for bodies, values and responses together. */
const MAX_BYTES = 64 * 1_024 * 1_024;
/** Approximate size of an entry without its body and response. */
const OVERHEAD_BYTES = 400;

const JSON_HEADERS = ['Content-Type', JSON_TYPE];

/** The response to a hit, ready to be sent. */
export class HitResponse {
  /** The body as a latin1 string, so that head and body are sent in one piece. */
  readonly body: string;
  /** Headers that describe the body, as names and values in turn. */
  readonly headers: readonly string[];
  #ttlSeconds: number | undefined;
  #cacheStatus = '';

  constructor(
    text: string,
    /** Whether it consists of events. */
    readonly isStreamed: boolean,
    readonly cost: AnswerCost,
  ) {
    this.body = Buffer.from(text).toString('latin1');
    const type = isStreamed ? STREAM_HEADERS : JSON_HEADERS;
    this.headers = [...type, 'Content-Length', String(this.body.length)];
  }

  /** The `Cache-Status` header, which is the same for all hits within a second. */
  cacheStatus(ttlSeconds: number | null): string {
    const seconds = ttlSeconds === null ? -1 : Math.floor(ttlSeconds);
    if (seconds === this.#ttlSeconds) return this.#cacheStatus;
    this.#ttlSeconds = seconds;
    this.#cacheStatus = formatCacheStatus({ outcome: 'hit', ttlSeconds });
    return this.#cacheStatus;
  }
}

/** What is known about a valid request. */
export interface RequestTraits {
  readonly tenant: string;
  /** The cache key of its answer. */
  readonly key: string;
  /** Whether its body asks for events. */
  readonly isStreamed: boolean;
}

/** A request that was valid before, and the response to its latest hit. */
export class KnownRequest {
  #source: unknown;
  #response: HitResponse | undefined;

  constructor(
    readonly traits: RequestTraits,
    readonly body: Buffer,
  ) {}

  get size(): number {
    // The value and its response have about the same size.
    return OVERHEAD_BYTES + this.body.length + 2 * (this.#response?.body.length ?? 0);
  }

  equals(tenant: string, body: Buffer): boolean {
    return this.traits.tenant === tenant && this.body.equals(body);
  }

  /** The response made from this very value, or from equal bytes. */
  responseFrom(source: unknown): HitResponse | undefined {
    const same = Buffer.isBuffer(source)
      ? Buffer.isBuffer(this.#source) && this.#source.equals(source)
      : this.#source === source;
    return same ? this.#response : undefined;
  }

  keep(source: unknown, response: HitResponse): void {
    // A copy: the bytes may be a small part of what was received at once.
    this.#source = Buffer.isBuffer(source) ? Buffer.from(source) : source;
    this.#response = response;
  }
}

/**
 * Remembers the bodies of valid requests with their cache keys and the responses to their hits: a request that is
 * repeated byte by byte is not parsed, validated, hashed or serialized again. In memory only, bounded, and separate for
 * each tenant.
 */
@Injectable()
export class HitCache {
  // By checksum, which costs a tenth of hashing a string. Of two bodies with one checksum the later one is kept.
  readonly #requests = new LRUCache<number, KnownRequest>({ max: MAX_REQUESTS, maxSize: MAX_BYTES });
  readonly #bodies = new WeakMap<IncomingMessage, Buffer>();

  /** The request of this tenant with this very body, if it is known. */
  find(tenant: string, body: Buffer): KnownRequest | undefined {
    const known = this.#requests.get(checksum(tenant, body));
    return known?.equals(tenant, body) ? known : undefined;
  }

  /** Associates a body with its request until {@link learn} says that the request is valid. */
  associate(request: IncomingMessage, body: Buffer): void {
    if (body.length <= MAX_BODY_BYTES) this.#bodies.set(request, body);
  }

  /** Remembers a valid request, if its body is associated with it. */
  learn(request: IncomingMessage, traits: RequestTraits): void {
    const body = this.#bodies.get(request);
    // A copy: the body may be a small part of what was received at once.
    if (body !== undefined) this.#remember(new KnownRequest(traits, Buffer.from(body)));
  }

  /** The response to a hit. @param source the cached value, or the bytes of its JSON; `null` if not a completion */
  responseTo(request: KnownRequest, source: unknown): HitResponse | null {
    const known = request.responseFrom(source);
    if (known !== undefined) return known;
    const value = Buffer.isBuffer(source) ? parse(source) : source;
    const response = createResponse(value, request.traits.isStreamed);
    if (response === null || response.body.length > MAX_RESPONSE_BYTES) return response;
    request.keep(source, response);
    this.#remember(request);
    return response;
  }

  #remember(request: KnownRequest): void {
    const key = checksum(request.traits.tenant, request.body);
    // Setting the same object again would keep its old size.
    this.#requests.delete(key);
    this.#requests.set(key, request, { size: request.size });
  }
}

function createResponse(value: unknown, isStreamed: boolean): HitResponse | null {
  if (!isCompletion(value)) return null;
  const hit = { value, source: 'redis', status: 'hit' } as const;
  return new HitResponse(isStreamed ? storedEvents(hit) : completionJson(hit), isStreamed, costOf(value));
}

// The handler detects and removes damaged entries.
function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString());
  } catch {
    return null;
  }
}

function checksum(tenant: string, body: Buffer): number {
  return crc32(body, crc32(tenant));
}
