import { Inject, Injectable } from '@nestjs/common';
import type { Completion } from 'nestjs-worker-pool';
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
      usage: zeroed(stored.usage) as Completion['usage'],
    };
    this.#copies.set(stored, copy);
    return copy;
  }
}

/** The same fields with 0 in place of every number. */
function zeroed(value: unknown): unknown {
  if (typeof value === 'number') return 0;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, zeroed(item)]));
}
