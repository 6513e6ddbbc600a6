import { DeadLetters } from './dead-letters.js';
import { Producing } from './producer.js';
import type { QueueParts } from './queue-parts.js';
import { Reservations } from './reservations.js';
import { Taking } from './dequeuer.js';
import { WaitingLine } from './waiting-line.js';

/** Somebody who works on a queue, and has to come to an end before the queue is closed. */
export interface Drainable {
  stop(): Promise<void>;
}

/** What this process knows of one queue. All who use it here share it. */
export class QueueCore {
  readonly producing: Producing;
  readonly taking: Taking;
  readonly line: WaitingLine;
  readonly reservations: Reservations;
  readonly dead: DeadLetters;
  /** Consumers that run. */
  readonly consumers = new Set<Drainable>();

  constructor(readonly parts: QueueParts) {
    this.producing = new Producing(parts);
    this.taking = new Taking(parts);
    this.line = new WaitingLine(parts, this.taking);
    this.reservations = new Reservations(parts);
    this.dead = new DeadLetters(parts);
  }

  /** Lets consumers finish, ends those who wait, and puts back what was taken for nobody. */
  async close(): Promise<void> {
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    this.line.close();
    const kept = this.taking.surrender();
    if (kept.length > 0) await this.producing.restore(kept);
  }
}
