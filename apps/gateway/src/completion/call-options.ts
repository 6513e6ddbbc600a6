import type { GetOrSetOptions } from 'nestjs-redis-cache';
import type { CompletionOrder } from './completion-order.js';
import { scopedTags } from './scoped-tags.js';
import { isWhole } from '../pool/stored-completion.js';

/** What a request may ask of the cache beside the usual. */
type Policies = Pick<GetOrSetOptions, 'readPolicy' | 'writePolicy'>;

/** An order's options of `getOrSetEntry`. The signal is fetched when it is wanted: a hit waits for nothing. */
export class CallOptions implements GetOrSetOptions {
  readonly ttlSeconds: number | undefined;
  readonly tags: readonly string[] | undefined;
  readonly shouldCache = isWhole;
  readonly readPolicy: Policies['readPolicy'];
  readonly writePolicy: Policies['writePolicy'];
  readonly #order: CompletionOrder;

  constructor(order: CompletionOrder, { readPolicy, writePolicy }: Policies = {}) {
    this.#order = order;
    this.ttlSeconds = order.ttlSeconds;
    this.tags = order.tags && scopedTags(order.tenant, order.tags);
    this.readPolicy = readPolicy;
    this.writePolicy = writePolicy;
  }

  get signal(): AbortSignal | undefined {
    return this.#order.signal;
  }
}
