/**
 * The way back from a server to one client: whole, slow, in single bytes, or broken in the middle of a reply.
 * Used by `cut-proxy.ts`; the order of the bytes never changes.
 */
import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** How replies arrive; one object for all lines of a proxy, read for each reply. */
export interface ReplyManner {
  /** Milliseconds that each reply takes. */
  delayMs: number;
  /** One byte at a time. */
  isBytewise: boolean;
  /** How many connections break in the middle of their next reply. */
  cuts: number;
}

export class ReplyLine {
  #before: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(
    private readonly client: Socket,
    private readonly manner: ReplyManner,
  ) {}

  send(data: Buffer): void {
    if (this.manner.cuts > 0) this.#cut(data);
    else if (this.#waiting === 0 && this.manner.delayMs === 0 && !this.manner.isBytewise)
      this.client.write(data);
    else this.#sendSlowly(data, performance.now() + this.manner.delayMs);
  }

  #cut(data: Buffer): void {
    this.manner.cuts -= 1;
    this.client.write(data.subarray(0, Math.ceil(data.length / 2)), () => this.client.destroy());
  }

  #sendSlowly(data: Buffer, dueAt: number): void {
    this.#waiting += 1;
    const { isBytewise } = this.manner;
    const deliver = async (): Promise<void> => {
      const leftMs = dueAt - performance.now();
      if (leftMs > 0) await sleep(leftMs);
      if (isBytewise) await this.#sendBytes(data);
      else this.client.write(data);
      this.#waiting -= 1;
    };
    this.#before = this.#before.then(deliver);
  }

  async #sendBytes(data: Buffer): Promise<void> {
    for (let index = 0; index < data.length && !this.client.destroyed; index += 1) {
      this.client.write(data.subarray(index, index + 1));
      await turn();
    }
  }
}
