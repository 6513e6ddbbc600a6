import { setImmediate } from 'node:timers';
import { Redis, type Command } from 'ioredis';

type SendArguments = Parameters<Redis['sendCommand']>;

/** After this many commands the write is not delayed further, so that the server can start on them. */
const MAX_TOGETHER = 32;

/**
 * A client that sends the commands of one turn of the event loop in one write, unless none is waiting for its reply: that
 * one is sent at once. ioredis makes a system call per command, which costs more than everything else when there are many
 * callers. The commands themselves are unchanged: this is no pipeline, each has its own reply, and none waits for another.
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
    // The handshake must not be delayed, and a pipeline already is one write.
    if (stream !== undefined || this.status !== 'ready') return super.sendCommand(command, stream);
    // A lone caller gains nothing from a delay; if this is the first of several, the server starts on it meanwhile.
    if (this.commandQueue.length === 0) return super.sendCommand(command);
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
    // Runs after all input of this turn has been read, so that requests that arrived together are sent together.
    setImmediate(this.#endTurn);
  }

  #uncork(): void {
    const stream = this.#corked;
    this.#corked = undefined;
    this.#waiting = 0;
    stream?.uncork();
  }
}
