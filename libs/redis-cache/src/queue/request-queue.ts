import type { QueueStore } from '../backend/backend.js';
import { toJson } from '../cache/to-json.js';
import { ValueTooLargeError } from '../errors/value-too-large.error.js';
import type { Guard, GuardLogger } from '../guard/guard.js';
import type { RedisCacheCounters } from '../telemetry/counters.js';

export interface RequestQueueDependencies {
  store: QueueStore;
  guard: Guard;
  counters: RedisCacheCounters;
  logger: GuardLogger;
  name: string;
  maxLength: number;
  maxRequestBytes: number;
}

/** First in, first out, over the guard. */
export class RequestQueue {
  /**
   * Requests whose reply came after the deadline: the server has already removed them, so they are
   * kept here and handed out first, rather than lost.
   */
  readonly #late: string[] = [];

  constructor(private readonly use: RequestQueueDependencies) {}

  async push(request: unknown): Promise<boolean> {
    const text = toJson(request);
    if ('problem' in text) {
      this.use.logger.warn(`A request was not queued: ${text.problem}`);
      return false;
    }
    this.#assertSize(text.json);
    const { guard, store, name, maxLength } = this.use;
    const queued = await guard.runWrite(() => store.push(name, text.json, maxLength), false);
    if (queued) this.use.counters.queued += 1;
    return queued;
  }

  /** Unreadable requests are passed over, so that `null` always means that nothing could be had. */
  async shift<T>(): Promise<T | null> {
    for (;;) {
      const text = await this.#next();
      if (text === null) return null;
      const request = parse<T>(text);
      if (request !== undefined) {
        this.use.counters.dequeued += 1;
        return request;
      }
      this.use.counters.corrupt += 1;
      this.use.logger.warn('A queued request is not readable; it is passed over');
    }
  }

  async length(): Promise<number> {
    const { guard, store, name } = this.use;
    return guard.run(async () => (await store.length(name)) + this.#late.length, 0);
  }

  async clear(): Promise<boolean> {
    const { guard, store, name } = this.use;
    return guard.run(async () => {
      await store.clear(name);
      this.#late.length = 0;
      return true;
    }, false);
  }

  #next(): Promise<string | null> {
    const { guard, store, name } = this.use;
    const take = async (): Promise<string | null> => this.#late.shift() ?? store.shift(name);
    return guard.run<string | null, null>(take, null, (late) => {
      if (late !== null) this.#late.push(late);
    });
  }

  #assertSize(json: string): void {
    const { maxRequestBytes } = this.use;
    const bytes = Buffer.byteLength(json);
    if (bytes > maxRequestBytes) throw new ValueTooLargeError('request', bytes, maxRequestBytes);
  }
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
