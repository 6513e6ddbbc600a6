import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { isCompletion } from '../pool/stored-completion.js';
import { JSON_TYPE } from '../http/answer.js';
import { STREAM_HEADERS } from '../http/event-stream.js';
import { type AnswerCost, costOf } from '../savings/savings.service.js';
import { type Completion, isLargeJson } from 'nestjs-worker-pool';
import { savedHeaders } from '../http/answer.js';
import { ownCopy } from '../util/own-copy.js';
import { HitUsage } from './hit-usage.js';
import { messageId } from './message-events.js';

const MAX_REQUESTS = 10_000;
/** Longer bodies are parsed each time. A body of Claude Code has 85 to 125 kB before any talk. */
export const MAX_BODY_BYTES = 1_048_576;
/** Longer responses are serialized each time. */
const MAX_RESPONSE_BYTES = 1_048_576;
/** Memory for bodies, values and responses together. */
const MAX_BYTES = 64 * 1_024 * 1_024;
/** Approximate size of an entry without its body and response. */
const OVERHEAD_BYTES = 400;

const JSON_HEADERS = ['Content-Type', JSON_TYPE];

/** The response to a hit, ready to be sent. */
export class HitResponse {
  /** The body as latin1 strings, so that head and body are sent in one piece. */
  readonly #parts: readonly string[];
  /** Length of the body in bytes. */
  readonly length: number;
  /** Headers that describe the body, as names and values in turn. */
  readonly headers: readonly string[];
  #ttlSeconds: number | undefined;
  #cacheStatus = '';

  constructor(
    /** Between two of them, each response has the id of a new message. */
    texts: readonly string[],
    /** Whether it consists of events. */
    readonly isStreamed: boolean,
    readonly cost: AnswerCost,
  ) {
    this.#parts = texts.map((text) => Buffer.from(text).toString('latin1'));
    this.length = this.#parts.join(messageId()).length;
    const type = isStreamed ? STREAM_HEADERS : JSON_HEADERS;
    this.headers = [...type, ...savedHeaders(cost), 'Content-Length', String(this.length)];
  }

  /** The body of one response. */
  get body(): string {
    return this.#parts.length === 1 ? this.#parts[0]! : this.#parts.join(messageId());
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
  /** The cache key of its answer. */
  readonly key: string;
  /** Whether its body asks for events. */
  readonly isStreamed: boolean;
  /** Renders a hit: the texts between which each response has the id of a new message. */
  readonly render: (value: Completion) => readonly string[];
}

/** A request that was valid before, and the response to its latest hit. */
export class KnownRequest {
  #source: unknown;
  #response: HitResponse | undefined;

  constructor(
    readonly traits: RequestTraits,
    readonly scope: string,
    readonly body: Buffer,
  ) {}

  get size(): number {
    // The value and its response have about the same size.
    return OVERHEAD_BYTES + this.body.length + 2 * (this.#response?.length ?? 0);
  }

  equals(scope: string, body: Buffer): boolean {
    return this.scope === scope && this.body.equals(body);
  }

  /** The response made from this very value, or from equal bytes. */
  responseFrom(source: unknown): HitResponse | undefined {
    const same = Buffer.isBuffer(source)
      ? Buffer.isBuffer(this.#source) && this.#source.equals(source)
      : this.#source === source;
    return same ? this.#response : undefined;
  }

  keep(source: unknown, response: HitResponse): void {
    // The bytes may be a small part of what was received at once.
    this.#source = Buffer.isBuffer(source) ? ownCopy(source) : source;
    this.#response = response;
  }
}

/**
 * Remembers the bodies of valid requests with their cache keys and the responses to their hits: a request that is
 * repeated byte by byte is not parsed, validated, hashed or serialized again. In memory only, bounded, and separate for
 * each scope: tenant, route, and the headers that influence the answer.
 */
@Injectable()
export class HitCache {
  // By checksum, which costs a tenth of hashing a string. Of two bodies with one checksum the later one is kept.
  readonly #requests = new LRUCache<number, KnownRequest>({ max: MAX_REQUESTS, maxSize: MAX_BYTES });
  readonly #bodies = new WeakMap<IncomingMessage, { scope: string; body: Buffer }>();

  constructor(private readonly usage: HitUsage) {}

  /** The request of this scope with this very body, if it is known. */
  find(scope: string, body: Buffer): KnownRequest | undefined {
    const known = this.#requests.get(checksum(scope, body));
    return known?.equals(scope, body) ? known : undefined;
  }

  /** Associates a body with its request until {@link learn} says that the request is valid. */
  associate(request: IncomingMessage, scope: string, body: Buffer): void {
    if (body.length <= MAX_BODY_BYTES) this.#bodies.set(request, { scope, body });
  }

  /** Remembers a valid request, if its body is associated with it. */
  learn(request: IncomingMessage, traits: RequestTraits): void {
    const { scope, body } = this.#bodies.get(request) ?? {};
    if (scope === undefined || body === undefined) return;
    // The body may be a small part of what was received at once.
    this.#remember(new KnownRequest(traits, scope, ownCopy(body)));
  }

  /**
   * The response to a hit; `null` if the value is no completion, or a large one.
   *
   * @param source the cached value, or the bytes of its JSON
   */
  responseTo(request: KnownRequest, source: unknown): HitResponse | null {
    const known = request.responseFrom(source);
    if (known !== undefined) return known;
    const value = Buffer.isBuffer(source) ? parse(source) : source;
    // The handler sends large responses in steps.
    const response =
      isCompletion(value) && !isLargeJson(value) ? this.#responseFor(request.traits, value) : null;
    if (response === null || response.length > MAX_RESPONSE_BYTES) return response;
    request.keep(source, response);
    this.#remember(request);
    return response;
  }

  #responseFor({ isStreamed, render }: RequestTraits, value: Completion): HitResponse {
    return new HitResponse(render(this.usage.shown(value)), isStreamed, costOf(value));
  }

  #remember(request: KnownRequest): void {
    const key = checksum(request.scope, request.body);
    // Setting the same object again would keep its old size.
    this.#requests.delete(key);
    this.#requests.set(key, request, { size: request.size });
  }
}

// The handler detects and removes damaged entries.
function parse(json: Buffer): unknown {
  if (json.length > MAX_RESPONSE_BYTES) return null;
  try {
    return JSON.parse(json.toString());
  } catch {
    return null;
  }
}

function checksum(scope: string, body: Buffer): number {
  return crc32(body, crc32(scope));
}
