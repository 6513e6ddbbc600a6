import { expect } from '@jest/globals';
import { decodeEntry } from '@redis-cache/core/entry/entry-envelope.js';
import type { FactoryContext } from '@redis-cache/core/cache/factory.js';
import type { GetOrSetOptions } from '@redis-cache/core/options/get-or-set-options.js';
import { LeaseMonitor } from './lease-monitor.js';
import { MAX_LATENCY_MS } from './wire.js';
import { LEASE_MS, type WorldNode } from './world-node.js';
import type { AppliedCommand } from './world-stores.js';
import { World } from './world.js';

/** The second carries a tag, by which it is invalidated; the first is deleted. */
export const KEYS = ['plain', 'tagged'] as const;
export type Key = (typeof KEYS)[number];
const TAG = 'tag';
/** After this many half leases without faults everybody has ended. */
const SETTLE_ROUNDS = 12;
/** A lease that is acquired before an invalidation may reach its process after it has been confirmed. */
const START_MS = 4 * MAX_LATENCY_MS;

/** A call of the factory. Its value is its number. */
interface Computation {
  number: number;
  key: Key;
  node: WorldNode;
  state: 'open' | 'ended' | 'failed' | 'aborted';
  settle(outcome: number | Error): void;
  /** Whether something has gone wrong in its process while it ran. */
  isTroubled: boolean;
  /** Whether something has gone wrong there since it began: its value may be stored late, by the write-behind buffer. */
  mayBeLate: boolean;
  /** Whether a second computation is allowed: the key was invalidated since it began, or another took its lease. */
  isOutdated: boolean;
}

/** A call of `getOrSet`. */
interface Call {
  key: Key;
  node: WorldNode;
  isTroubled: boolean;
  /** Number of the first computation that began after the last invalidation that was confirmed before this call. */
  validFrom: number;
  /** `undefined` while it waits. */
  end: { value: number } | { error: Error } | undefined;
}

/** Processes that call `getOrSet`, and the specification of what the calls return and what is stored. */
export class LeaseScenario {
  readonly world: World;
  readonly computations: Computation[] = [];
  readonly calls: Call[] = [];
  readonly #violations: string[] = [];
  readonly #monitor: LeaseMonitor;
  /** By key: number of the first computation after the last confirmed invalidation. */
  readonly #validFrom: Record<Key, number> = { plain: 0, tagged: 0 };
  #invalidations = 0;
  #invalidatedAt = -Infinity;
  /** By key: the last process that took the lease from its holder. */
  readonly #takeOvers = new Map<Key, { by: WorldNode; at: number }>();

  constructor(nodes: number, seed: number) {
    this.world = new World(nodes, seed);
    this.#monitor = new LeaseMonitor(this.world.time, (violation) => this.#violations.push(violation));
    for (const node of this.world.nodes) node.onTrouble(() => this.#trouble(node));
    this.world.observe((command) => {
      this.#monitor.observe(command);
      this.#noteTakeOver(command);
      this.#checkStored(command);
    });
  }

  get open(): Computation[] {
    return this.computations.filter(({ state, node }) => state === 'open' && node.state !== 'dead');
  }

  call(node: WorldNode, key: Key, more: GetOrSetOptions = {}): void {
    const { isTroubled } = node;
    const call: Call = { key, node, isTroubled, validFrom: this.#validFrom[key], end: undefined };
    this.calls.push(call);
    const options = { leaseMs: LEASE_MS, failureBackoffMs: 50, ...more, tags: key === 'tagged' ? [TAG] : [] };
    void this.world.time.at(node, async () => {
      try {
        const compute = (context: FactoryContext): Promise<number> => this.#compute(call, more, context);
        call.end = { value: await node.cache.getOrSet(key, compute, options) };
      } catch (error) {
        call.end = { error: error as Error };
      }
    });
  }

  finish(computation: Computation, how: 'ended' | 'failed'): void {
    if (computation.state !== 'open') return;
    computation.state = how;
    const { number } = computation;
    computation.settle(how === 'ended' ? number : new Error(`failure of c${number}`));
  }

  /** Deletes the first key, or invalidates the tag of the second. */
  invalidate(node: WorldNode, key: Key): void {
    void this.world.time.at(node, async () => {
      const { length } = this.computations;
      this.#invalidations += 1;
      this.#outdate(key);
      const { cache } = node;
      const isDone = await (key === 'plain' ? cache.delete(key) : cache.invalidateTags(TAG));
      this.#invalidations -= 1;
      this.#invalidatedAt = this.world.time.now;
      if (isDone) this.#validFrom[key] = Math.max(this.#validFrom[key], length);
    });
  }

  restart(how: 'empty' | 'with data'): void {
    this.world.restart(how);
    if (how === 'empty') this.#monitor.forget();
  }

  /** Ends all faults and all computations, after which every call must have ended. */
  async settle(): Promise<void> {
    this.world.heal();
    for (let round = 0; round < SETTLE_ROUNDS; round += 1) {
      await this.world.time.advance(LEASE_MS / 2);
      for (const computation of this.open) this.finish(computation, 'ended');
    }
    for (const { node, key, end } of this.calls) {
      if (node.state !== 'dead' && !end)
        this.#violations.push(`a call for ${key} in process ${node.index} hangs`);
    }
    this.check();
  }

  /** Checks what all calls have returned. */
  check(): void {
    const wrong = this.calls.flatMap((call) => {
      const problem = this.#problemOf(call);
      return problem === undefined
        ? []
        : [`${problem}, for a call of ${call.key} in process ${call.node.index}`];
    });
    expect([...this.#violations, ...wrong]).toEqual([]);
  }

  async close(): Promise<void> {
    await this.world.close();
  }

  #compute(
    { node, key }: Call,
    { readPolicy }: GetOrSetOptions,
    { signal }: FactoryContext,
  ): Promise<number> {
    // It takes the lease from its holder.
    if (readPolicy === 'no-cache') this.#outdate(key);
    this.#checkStart(node, key);
    return new Promise((resolve, reject) => {
      const computation: Computation = {
        number: this.computations.length,
        key,
        node,
        state: 'open',
        isTroubled: node.isTroubled,
        mayBeLate: node.isTroubled,
        isOutdated: this.#startsOutdated(node, key),
        settle: (outcome) => {
          const settle = typeof outcome === 'number' ? () => resolve(outcome) : () => reject(outcome);
          this.world.time.deliver(node, settle);
        },
      };
      this.computations.push(computation);
      signal.addEventListener('abort', () => {
        if (computation.state === 'open') computation.state = 'aborted';
        reject(signal.reason as Error);
      });
    });
  }

  /** Whether its lease may have ended before its process received the reply that acquired it. */
  #startsOutdated(node: WorldNode, key: Key): boolean {
    const sinceInvalidation = this.world.time.now - this.#invalidatedAt;
    return this.#invalidations > 0 || sinceInvalidation < START_MS || this.#wasTaken(node, key);
  }

  /** Whether another process has just taken the lease from its holder, which may be this one. */
  #wasTaken(node: WorldNode, key: Key): boolean {
    const { by, at } = this.#takeOvers.get(key) ?? { by: node, at: -Infinity };
    return by !== node && this.world.time.now - at < START_MS;
  }

  #noteTakeOver({ node, name, args, result }: AppliedCommand): void {
    if (name !== 'leases.acquire' || (result as { state: string }).state !== 'acquired') return;
    const { force } = args[3] as { force: boolean };
    if (force) this.#takeOvers.set(args[0] as Key, { by: node, at: this.world.time.now });
  }

  #outdate(key: Key): void {
    for (const computation of this.computations) if (computation.key === key) computation.isOutdated = true;
  }

  #trouble(node: WorldNode): void {
    for (const call of this.calls) if (call.node === node && !call.end) call.isTroubled = true;
    for (const computation of this.computations) {
      if (computation.node !== node) continue;
      computation.mayBeLate = true;
      if (computation.state === 'open') computation.isTroubled = true;
    }
  }

  /** There is one computation of a key at a time, unless its process or this one has had trouble. */
  #checkStart(node: WorldNode, key: Key): void {
    if (node.isTroubled || this.#wasTaken(node, key)) return;
    const others = this.open.filter((one) => one.key === key && !one.isTroubled && !one.isOutdated);
    for (const { number } of others) {
      this.#violations.push(`c${this.computations.length} began while c${number} of ${key} was running`);
    }
  }

  /** What is stored is the value of a computation of that key, and of none that was invalidated before. */
  #checkStored({ name, args, result }: AppliedCommand): void {
    const isLate = name === 'entries.setUnlessYounger';
    if (result !== true || (name !== 'leases.complete' && !isLate)) return;
    const [key, entry] = [args[0] as Key, args[isLate ? 1 : 2] as Buffer];
    const decoded = decodeEntry(entry);
    const source = decoded && this.computations[decoded.value as number];
    if (source?.state !== 'ended' || source.key !== key) {
      this.#violations.push(`stored for ${key}: ${JSON.stringify(decoded?.value)}`);
    } else if (key === 'plain' && source.number < this.#validFrom[key] && !(isLate && source.mayBeLate)) {
      this.#violations.push(`c${source.number} was stored although ${key} was deleted after it began`);
    }
  }

  #problemOf({ key, end, isTroubled, validFrom }: Call): string | undefined {
    if (end === undefined) return undefined;
    if ('error' in end) {
      const { message } = end.error;
      const isFailure = this.computations.some(
        ({ number, state, key: of }) =>
          of === key && state === 'failed' && message === `failure of c${number}`,
      );
      return isFailure ? undefined : `a failure of its own (${message})`;
    }
    const source = this.computations[end.value];
    if (source?.state !== 'ended' || source.key !== key) return `the value ${end.value} of no computation`;
    // A late write of a process that was cut off can only be recognised by the versions of tags.
    const isExcused = isTroubled || (key === 'plain' && source.mayBeLate);
    if (source.number >= validFrom || isExcused) return undefined;
    return `c${source.number} was returned although ${key} was invalidated before c${validFrom}`;
  }
}
