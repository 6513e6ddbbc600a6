import { onAbort } from 'nestjs-redis-connection';
import type { PieceLog } from '../stream/piece-log.js';
import type { PiecePublication } from '../stream/publisher.js';
import type { Relay } from '../stream/relay.js';
import { type Factory, type FactoryContext, writeFailure } from './factory.js';
import { AbandonedError } from './flight.js';
import { storedPiece } from './stored-form.js';

/** Produces the pieces of a value. */
export type StreamFactory<C> = (context: FactoryContext) => AsyncIterable<C> | Promise<AsyncIterable<C>>;

/** How long a source may produce pieces without a pause before other work gets a turn, in milliseconds. */
const MAX_TURN_MS = 10;

/**
 * Runs a stream factory as the factory of a value: each piece goes into the log when it comes, and the value is what
 * `collect` makes of all of them.
 */
export class StreamSource {
  #log: PieceLog | undefined;
  #publication: PiecePublication | undefined;

  constructor(
    private readonly stream: StreamFactory<unknown>,
    private readonly collect: (pieces: readonly never[]) => unknown,
    private readonly relay: Relay,
  ) {}

  /** To be called before the factory, with what publishes the pieces to other processes, if they can follow. */
  begin(publication: PiecePublication | undefined): void {
    this.#log = this.relay.begin(true);
    this.#publication = publication;
  }

  /** Rejects when the stream or `collect` fails, and as soon as the signal aborts; later pieces are dropped. */
  readonly factory: Factory<unknown> = async (context) => {
    const log = this.#log!;
    await untilAborted(context.signal, () => this.#drain(context, log));
    return this.collect(log.pieces as readonly never[]);
  };

  /** Resolves when other processes can know it, or Redis has not confirmed it in time. */
  async end(): Promise<void> {
    this.#log?.end();
    await this.#publication?.finish({ kind: 'ended', text: '' });
  }

  /** The same for a failure. An abandoned computation has none: another process may take over. */
  async fail(error: unknown): Promise<void> {
    this.#log?.fail();
    const isAbandoned = error instanceof AbandonedError;
    const text = isAbandoned ? '' : writeFailure(error);
    await this.#publication?.finish({ kind: isAbandoned ? 'cut' : 'failed', text });
  }

  async #drain(context: FactoryContext, log: PieceLog): Promise<void> {
    const { signal } = context;
    const iterator = (await this.stream(context))[Symbol.asyncIterator]();
    const stopListening = onAbort(signal, () => close(iterator));
    try {
      // What arrives after the signal has aborted is closed, because nobody reads it.
      if (signal.aborted) close(iterator);
      else await this.#appendAll(iterator, log, signal);
    } finally {
      stopListening();
    }
  }

  async #appendAll(iterator: AsyncIterator<unknown>, log: PieceLog, signal: AbortSignal): Promise<void> {
    let turnEndsAt = performance.now() + MAX_TURN_MS;
    for (;;) {
      const next = await iterator.next();
      if (next.done || signal.aborted) return;
      const piece = storedPiece(next.value);
      log.append([piece]);
      this.#publication?.add(piece);
      if (performance.now() < turnEndsAt) continue;
      await nextTurn();
      turnEndsAt = performance.now() + MAX_TURN_MS;
    }
  }
}

/** Waits for the work, but no longer than until the signal aborts. */
function untilAborted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(signal.reason as Error));
    work().then(resolve, reject).finally(stopListening);
  });
}

/** Ends an iteration without waiting for it: a generator that hangs never returns. */
function close(iterator: AsyncIterator<unknown>): void {
  try {
    iterator.return?.().catch(() => {});
  } catch {
    // It has failed already.
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
