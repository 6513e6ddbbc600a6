import { Inject, Injectable } from '@nestjs/common';
import type { Completion } from 'nestjs-worker-pool';
import { zeroed } from '../pool/stored-completion.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';

/** Decides which usage a response from the cache reports. Stored values stay as they are. */
@Injectable()
export class HitUsage {
  readonly #isZero: boolean;
  /** One copy per stored value, so that what is rendered from it can be kept. */
  readonly #copies = new WeakMap<Completion, Completion>();

  constructor(@Inject(gatewayConfig.KEY) { HIT_USAGE }: Pick<GatewayConfig, 'HIT_USAGE'>) {
    this.#isZero = HIT_USAGE === 'zero';
  }

  /** The completion as a hit reports it. */
  shown(stored: Completion): Completion {
    if (!this.#isZero) return stored;
    const copy = this.#copies.get(stored) ?? {
      ...stored,
      usage: zeroed(stored.usage),
    };
    this.#copies.set(stored, copy);
    return copy;
  }
}
