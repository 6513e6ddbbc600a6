import type { QueueContents } from '../queue-store.js';
import { Batches } from './batches.js';
import type { KeySpace } from './key-space.js';
import type { UsedStreams } from './used-streams.js';

const NOTHING: QueueContents = { waiting: 0, reserved: 0, dead: 0, bytes: 0, oldestAgeMs: null };

/**
 * Reads what queues hold. Of the queues that are asked for within one turn of the event loop, such as those of all tenants,
 * only those cost a command that hold requests or dead letters.
 */
export class ContentsReader {
  readonly #reads = new Batches<string, Promise<QueueContents>, []>(
    (queues) => this.#readAll(queues),
    Infinity,
    Infinity,
  );

  constructor(
    private readonly keys: KeySpace,
    private readonly used: UsedStreams,
    private readonly readOne: (queue: string) => Promise<QueueContents>,
  ) {}

  async read(queue: string): Promise<QueueContents> {
    const [contents] = await this.#reads.add('', [queue], []);
    return contents!;
  }

  /** Each has a promise of its own, because one queue may fail alone. */
  async #readAll(queues: readonly string[]): Promise<Promise<QueueContents>[]> {
    if (queues.length === 1) return [this.readOne(queues[0]!)];
    const keysOf = (queue: string): string[] => [this.keys.queue(queue), this.keys.dead(queue)];
    const used = await this.used.among(queues.flatMap(keysOf));
    return queues.map((queue) =>
      keysOf(queue).some((key) => used.has(key)) ? this.readOne(queue) : Promise.resolve({ ...NOTHING }),
    );
  }
}
