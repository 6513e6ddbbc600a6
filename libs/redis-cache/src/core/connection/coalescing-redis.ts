import { setImmediate } from 'node:timers';
import { Redis, type Command } from 'ioredis';

type SendArguments = Parameters<Redis['sendCommand']>;

/** So many commands leave without waiting for more: the server begins with them meanwhile. */
const MAX_TOGETHER = 32;

/**
 * A client whose commands of one turn of the event loop leave in one write. ioredis writes each by itself,
 * a system call every time; where many callers ask at once that costs more than all the rest. The commands
 * themselves are untouched, each with its own reply: no pipeline, nothing that waits for others.
 */
export class CoalescingRedis extends Redis {
  #corked: Redis['stream'] | undefined;
  #waiting = 0;
  #isTurnWatched = false;

  readonly #endTurn = (): void => {
    this.#isTurnWatched = false;
    this.#uncork();
  };

  override sendCommand(command: Command, stream?: SendArguments[1]): unknown {
    // The handshake is not ours, and a pipeline is one write already.
    if (stream !== undefined || this.status !== 'ready') return super.sendCommand(command, stream);
    if (this.#corked === undefined) this.#cork();
    const sent = super.sendCommand(command);
    this.#waiting += 1;
    if (this.#waiting >= MAX_TOGETHER) this.#uncork();
    return sent;
  }

  #cork(): void {
    this.#corked = this.stream;
    this.#corked.cork();
    if (this.#isTurnWatched) return;
    this.#isTurnWatched = true;
    // When everything that arrived together has been read: what many clients ask for leaves together, too.
    setImmediate(this.#endTurn);
  }

  #uncork(): void {
    const stream = this.#corked;
    this.#corked = undefined;
    this.#waiting = 0;
    stream?.uncork();
  }
}
