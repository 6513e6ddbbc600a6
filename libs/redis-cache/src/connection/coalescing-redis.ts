import { Redis, type Command } from 'ioredis';

type SendArguments = Parameters<Redis['sendCommand']>;

/**
 * A client whose commands of one turn of the event loop leave in one write. ioredis writes each by itself,
 * a system call every time; where many callers ask at once that costs more than all the rest. The commands
 * themselves are untouched, each with its own reply: no pipeline, nothing that waits for others.
 */
export class CoalescingRedis extends Redis {
  #corked: Redis['stream'] | undefined;

  readonly #uncork = (): void => {
    const stream = this.#corked;
    this.#corked = undefined;
    stream?.uncork();
  };

  override sendCommand(command: Command, stream?: SendArguments[1]): unknown {
    // The handshake is not ours, and a pipeline is one write already.
    if (this.#corked === undefined && stream === undefined && this.status === 'ready') this.#cork();
    return super.sendCommand(command, stream);
  }

  // After the microtasks: replies that came together wake callers together, and these ask again.
  #cork(): void {
    this.#corked = this.stream;
    this.#corked.cork();
    process.nextTick(this.#uncork);
  }
}
