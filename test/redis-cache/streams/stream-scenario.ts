import { expect } from '@jest/globals';
import type { FactoryContext } from '@redis-cache/core/cache/factory.js';
import { MAX_LATENCY_MS } from '@test/model/wire.js';
import { LEASE_MS, type WorldNode } from '@test/model/world-node.js';
import { World } from '@test/model/world.js';

const KEY = 'key';
const LIST = { collect: (pieces: readonly string[]) => [...pieces], replay: (value: string[]) => value };
/** So many half leases after the last fault everybody has ended. */
const SETTLE_ROUNDS = 12;
/** A call that comes late produces as many pieces. */
const LAST_PIECE = 5;
/** A lease that is acquired before a delete may reach its process after the delete has been confirmed. */
const START_MS = 4 * MAX_LATENCY_MS;
/** Within this time the end of a computation is in Redis: the pause between two writes, which is 10 ms, and a round trip. */
const END_MS = 10 + 2 * MAX_LATENCY_MS;
const ignore = (): void => {};

/** A call of the factory, and what it has produced. */
interface Computation {
  number: number;
  node: WorldNode;
  pieces: string[];
  state: 'open' | 'ended' | 'failed' | 'aborted';
  /** When it ended. */
  endedAt: number;
  push(piece: string | null | Error): void;
  /** Whether something has gone wrong in its process while it ran, or before its end can have been written. */
  isTroubled: boolean;
  /** Whether something has gone wrong there since it began: its value may be stored late, by the write-behind buffer. */
  mayBeLate: boolean;
  /** Whether the key was deleted since it began, or was about to be. */
  isDeleted: boolean;
}

interface Reader {
  node: WorldNode;
  pieces: string[];
  /** Whether it reads from the start; otherwise it only waits for its stream until it is started. */
  reads: boolean;
  start: () => void;
  /** Takes no further piece until it is started again. */
  pause: () => void;
  leave: () => void;
  /** Whether something has gone wrong in its process since it came. */
  isTroubled: boolean;
  /** Number of the first computation that began after the key was deleted for the last time before it came. */
  validFrom: number;
  /** `undefined` while it goes on. */
  end: { error?: unknown; left?: true } | undefined;
}

type Failure = Error & { code?: string };

/** A world with one key, and the specification of what readers of that key may receive. */
export class StreamScenario {
  readonly world: World;
  readonly computations: Computation[] = [];
  readonly readers: Reader[] = [];
  readonly #violations: string[] = [];
  /** Number of the first computation that began after the key was deleted for the last time. */
  #validFrom = 0;
  #deletes = 0;
  #deletedAt = -Infinity;

  constructor(nodes: number, seed: number) {
    this.world = new World(nodes, seed);
    for (const node of this.world.nodes) node.onTrouble(() => this.#trouble(node));
  }

  /** Computations that can produce more. */
  get open(): Computation[] {
    return this.computations.filter(({ state, node }) => state === 'open' && node.state !== 'dead');
  }

  openReader(node: WorldNode, reads: boolean): Reader {
    const reader: Reader = {
      node,
      pieces: [],
      reads,
      start: ignore,
      pause: ignore,
      leave: ignore,
      isTroubled: node.isTroubled,
      validFrom: this.#validFrom,
      end: undefined,
    };
    this.readers.push(reader);
    void this.world.time.at(node, () => this.#read(reader));
    return reader;
  }

  push(computation: Computation, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const piece = `c${computation.number}:${computation.pieces.length}`;
      computation.pieces.push(piece);
      computation.push(piece);
    }
  }

  finish(computation: Computation, state: 'ended' | 'failed'): void {
    this.#end(computation, state);
    computation.push(state === 'ended' ? null : new Error(`failure of c${computation.number}`));
  }

  delete(node: WorldNode): void {
    void this.world.time.at(node, () => this.#delete(node));
  }

  /** Ends all faults and all computations, after which every reader must have ended. */
  async settle(): Promise<void> {
    const { nodes, time } = this.world;
    this.world.heal();
    for (const reader of this.readers) reader.start();
    for (let round = 0; round < SETTLE_ROUNDS; round += 1) {
      await time.advance(LEASE_MS / 2);
      for (const computation of this.open) this.#complete(computation);
    }
    for (const { node, end, pieces } of this.readers) {
      if (node.state !== 'dead' && !end) this.#violations.push(`a reader hangs after ${String(pieces)}`);
    }
    const alive = nodes.find(({ state }) => state !== 'dead');
    if (alive) await this.#checkEntry(alive);
    this.check();
  }

  /** Checks what all readers have received. */
  check(): void {
    const wrong = this.readers.flatMap((reader) => {
      const problem = this.#problemOf(reader);
      return problem === undefined ? [] : [`${problem}: ${describe(reader)}`];
    });
    expect([...this.#violations, ...wrong]).toEqual([]);
  }

  async close(): Promise<void> {
    await this.world.close();
  }

  #end(computation: Computation, state: 'ended' | 'failed' | 'aborted'): void {
    computation.state = state;
    computation.endedAt = this.world.time.now;
  }

  #complete(computation: Computation): void {
    this.push(computation, LAST_PIECE - computation.pieces.length);
    this.finish(computation, 'ended');
  }

  async #read(reader: Reader): Promise<void> {
    const opened = gateOf(reader);
    try {
      const options = { ...LIST, leaseMs: LEASE_MS };
      const stream = await reader.node.cache.getOrStream(
        KEY,
        (context) => this.#compute(reader.node, context),
        options,
      );
      await opened();
      const iterator = stream[Symbol.asyncIterator]();
      reader.leave = () => {
        reader.end ??= { left: true };
        void iterator.return?.();
      };
      for (;;) {
        await opened();
        const { done, value } = await iterator.next();
        if (done) break;
        reader.pieces.push(value);
      }
      reader.end ??= {};
    } catch (error) {
      reader.end ??= { error };
    }
  }

  #compute(node: WorldNode, { signal }: FactoryContext): AsyncIterable<string> {
    this.#checkStart(node);
    const steps: (string | null | Error)[] = [];
    let wake = ignore;
    const computation: Computation = {
      number: this.computations.length,
      node,
      pieces: [],
      state: 'open',
      endedAt: Infinity,
      isTroubled: node.isTroubled,
      mayBeLate: node.isTroubled,
      isDeleted: this.#deletes > 0 || this.world.time.now - this.#deletedAt < START_MS,
      push: (step) => {
        steps.push(step);
        this.world.time.deliver(node, () => wake());
      },
    };
    this.computations.push(computation);
    signal.addEventListener('abort', () => {
      if (computation.state === 'open') this.#end(computation, 'aborted');
    });
    return (async function* () {
      for (;;) {
        for (const step of steps.splice(0)) {
          if (step === null) return;
          if (step instanceof Error) throw step;
          yield step;
        }
        if (steps.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      }
    })();
  }

  #trouble(node: WorldNode): void {
    for (const reader of this.readers) if (reader.node === node) reader.isTroubled = true;
    for (const computation of this.computations) {
      if (computation.node !== node) continue;
      computation.mayBeLate = true;
      if (this.world.time.now - computation.endedAt < END_MS) computation.isTroubled = true;
    }
  }

  /** There is one computation at a time, unless its process or this one has had trouble. */
  #checkStart(node: WorldNode): void {
    if (node.isTroubled) return;
    for (const { number, state, isTroubled, isDeleted } of this.computations) {
      if (state === 'open' && !isTroubled && !isDeleted) {
        this.#violations.push(`c${this.computations.length} began while c${number} was running`);
      }
    }
  }

  /** The pieces of a reader are those of one computation, from the first, in order, and complete if it has ended well. */
  #problemOf({ pieces, end, isTroubled, validFrom }: Reader): string | undefined {
    const source = this.#sourceOf(pieces);
    if (pieces.some((piece, index) => piece !== source?.pieces[index])) return 'not the pieces of one call';
    const isExcused = isTroubled || (source?.isTroubled ?? false);
    const isOld = source !== undefined && pieces.length > 0 && source.number < validFrom;
    if (isOld && !isExcused) return `deleted before c${validFrom}`;
    if (end === undefined || end.left) return undefined;
    const error = end.error as Failure | undefined;
    if (error?.code === 'ERR_STREAM_INTERRUPTED') {
      if (pieces.length === 0) return 'interrupted before its first piece';
      return isExcused ? undefined : 'interrupted for no reason';
    }
    if (error) return this.#problemOfFailure(error, pieces, isTroubled);
    if (source?.state !== 'ended') return 'ended before its source';
    return pieces.length === source.pieces.length ? undefined : 'ended too early';
  }

  #problemOfFailure(
    { message }: Failure,
    pieces: readonly string[],
    isTroubled: boolean,
  ): string | undefined {
    const failed = this.computations.find(({ number }) => message === `failure of c${number}`);
    if (failed?.state !== 'failed') return `a failure of its own: ${message}`;
    if (pieces.length === 0 && (isTroubled || failed.isTroubled)) return undefined;
    return pieces.join() === failed.pieces.join() ? undefined : `not the pieces before ${message}`;
  }

  /** Whatever is stored is a complete value, and not one that was computed before the key was deleted. */
  async #checkEntry(node: WorldNode): Promise<void> {
    let value: string[] | null | undefined;
    void this.world.time.at(node, async () => (value = await node.cache.getCachedResponse<string[]>(KEY)));
    await this.world.time.advance(LEASE_MS);
    if (value === null) return;
    const source = this.computations.find(
      ({ state, pieces }) => state === 'ended' && pieces.join() === value?.join(),
    );
    if (source === undefined) this.#violations.push(`stored: ${String(value)}`);
    else if (source.number < this.#validFrom && !source.mayBeLate && source.pieces.length > 0) {
      this.#violations.push(`stored although it was deleted: ${String(value)}`);
    }
  }

  async #delete(node: WorldNode): Promise<void> {
    const { length } = this.computations;
    this.#deletes += 1;
    for (const computation of this.computations) computation.isDeleted = true;
    const isDone = await node.cache.delete(KEY);
    this.#deletes -= 1;
    this.#deletedAt = this.world.time.now;
    if (isDone) this.#validFrom = Math.max(this.#validFrom, length);
  }

  /** The only computation that can have produced these pieces. */
  #sourceOf([first]: readonly string[]): Computation | undefined {
    if (first !== undefined) return this.computations[Number(/^c(\d+):/.exec(first)?.[1])];
    return this.computations.find(({ state, pieces }) => state === 'ended' && pieces.length === 0);
  }
}

/** Waits while the reader is paused, which it is at first if it does not read. */
function gateOf(reader: Reader): () => Promise<void> {
  const gate = { isOpen: reader.reads, open: ignore };
  reader.pause = () => void (gate.isOpen = false);
  reader.start = () => {
    gate.isOpen = true;
    gate.open();
  };
  return async () => {
    while (!gate.isOpen) await new Promise<void>((resolve) => (gate.open = resolve));
  };
}

function describe({ node, pieces, end }: Reader): string {
  const how = end === undefined ? 'reads on' : String(end.error ?? (end.left ? 'left' : 'ended'));
  return `[${pieces.join()}] in process ${node.index}, ${how}`;
}
