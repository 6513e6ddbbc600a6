import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RedisClient } from 'nestjs-redis-connection';
import type { LinkOptions } from '../../connection/redis-connection.js';
import { type ServerMessage, SubscriberLink } from '../../connection/subscriber-link.js';
import type { CacheEvent, CacheEventListener, EventChannel } from '../backend.js';
import type { KeySpace } from './key-space.js';

/** Where Redis publishes invalidations to a client that asked for RESP2 redirection. */
const SERVER_CHANNEL = '__redis__:invalidate';
/** Length of the text that marks a process. */
export const ORIGIN_LENGTH = 8;

export interface RedisEventChannelOptions {
  /** Ask the server to tell of every change of an entry or a tag. One server only, not a Cluster. */
  tracking: boolean;
  /** Make sure, twice a second, that what is published is heard. */
  heartbeat: boolean;
  connection: Omit<LinkOptions, 'owned'>;
}

/**
 * Events by publish and subscribe, and, with `tracking`, by the server itself (client-side caching in
 * broadcasting mode: https://redis.io/docs/latest/develop/reference/client-side-caching/). On a connection
 * of its own: one that subscribes can do nothing else. Both are asked for anew with each connection,
 * because the server forgets a client that is gone.
 */
export class RedisEventChannel implements EventChannel {
  readonly #listeners = new Set<CacheEventListener>();
  readonly #clientPrefix: string;
  readonly #heartbeat: Heartbeat;
  #link: SubscriberLink | undefined;
  #closed = false;

  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly channel: string,
    /** Marks the announcements of this process; see `formatEnd`. */
    private readonly origin: string,
    private readonly options: RedisEventChannelOptions,
  ) {
    this.#clientPrefix = client.options.keyPrefix ?? '';
    this.#heartbeat = new Heartbeat(
      (text) => this.#publish(text),
      () => this.#fallSilent(),
    );
  }

  listen(listener: CacheEventListener): void {
    // A call that was under way while closing may come to wait only now.
    if (this.#closed) return;
    this.#listeners.add(listener);
    this.#link ??= this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#heartbeat.stop();
    this.#listeners.clear();
    await this.#link?.close();
  }

  #connect(): SubscriberLink {
    return new SubscriberLink(this.client, this.options.connection, {
      up: (subscriber) => void this.#subscribe(subscriber),
      down: () => this.#lose(),
      message: (channel, message) => this.#hear(channel, message),
    });
  }

  async #subscribe(subscriber: Redis): Promise<void> {
    const channels = this.options.tracking ? [this.channel, SERVER_CHANNEL] : [this.channel];
    try {
      if (this.options.tracking && !(await this.#track(subscriber))) channels.pop();
      await subscriber.subscribe(...channels);
      this.#tell({ type: 'up' });
      if (this.options.heartbeat && !this.#closed) this.#heartbeat.start();
    } catch {
      this.#link?.reconnect();
    }
  }

  #lose(): void {
    this.#heartbeat.stop();
    this.#tell({ type: 'down' });
  }

  // The connection stands and nothing comes: a frozen server, or one that is cut off.
  #fallSilent(): void {
    this.#lose();
    this.#link?.reconnect();
  }

  #publish(text: string): void {
    if (this.client.status === 'ready') this.client.publish(this.channel, text).catch(() => {});
  }

  /** `false` when the server refuses. */
  async #track(subscriber: Redis): Promise<boolean> {
    const prefixes = this.keys.trackedPrefixes(this.#clientPrefix).flatMap((prefix) => ['PREFIX', prefix]);
    const id = await subscriber.client('ID');
    try {
      await subscriber.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', ...prefixes, 'NOLOOP');
      return true;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ReplyError') throw error;
      this.#tell({ type: 'refused' });
      return false;
    }
  }

  #hear(channel: Buffer, message: ServerMessage): void {
    if (channel.toString() !== SERVER_CHANNEL) return this.#hearProcess(String(message));
    // No list of keys: the database was flushed, or the server could not keep count.
    if (!Array.isArray(message)) return this.#tell({ type: 'flushed' });
    for (const key of message) this.#tell(this.#eventOf(key.toString()));
  }

  #hearProcess(message: string): void {
    if (!this.#heartbeat.hear(message)) this.#tell(parseEvent(message, this.origin));
  }

  #eventOf(redisKey: string): CacheEvent {
    const key = redisKey.slice(this.#clientPrefix.length);
    const changed = this.keys.entryOf(key);
    if (changed !== null) return { type: 'changed', key: changed };
    const tag = this.keys.tagOf(key);
    return tag === null ? { type: 'flushed' } : { type: 'invalidated', tag };
  }

  #tell(event: CacheEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** The text that is published for an event: a letter for its type, then the key or tag. */
export function formatEvent(event: CacheEvent): string {
  if (event.type === 'changed') return `c${event.key}`;
  return event.type === 'invalidated' ? `i${event.tag}` : 'f';
}

/** The text for the end of a computation: `e`, the origin, of {@link ORIGIN_LENGTH} characters, then the key. */
export function formatEnd(key: string, origin: string): string {
  return `e${origin}${key}`;
}

function parseEvent(message: string, origin: string): CacheEvent {
  const rest = message.slice(1);
  if (message.startsWith('e')) {
    return { type: 'ended', key: rest.slice(ORIGIN_LENGTH), own: rest.startsWith(origin) };
  }
  if (message.startsWith('c')) return { type: 'changed', key: rest };
  return message.startsWith('i') ? { type: 'invalidated', tag: rest } : { type: 'flushed' };
}

/** Lets a write pass, and tells the other processes of it once it is done. */
export type Announce = <T>(write: Promise<T>, events: readonly CacheEvent[]) => Promise<T>;

/** Where the server itself tells what changes, nobody else has to. */
export const announceNothing: Announce = (write) => write;

/**
 * By publishing. Not before the write is confirmed: whoever hears of it reads again, and must not find the
 * old value. Not waited for: a message that is lost costs a copy's remaining time, as a lost connection does.
 */
export function announceBy(client: RedisClient, channel: string): Announce {
  return async (write, events) => {
    const result = await write;
    for (const event of events) client.publish(channel, formatEvent(event)).catch(() => {});
    return result;
  };
}

const BEAT_MS = 400;
/** One may be late because this process was busy, not the server. */
const MISSED_BEATS = 2;
const MARK = 'h';

/**
 * Finds out that what is published is no longer heard, though the connection stands: two beats in a row
 * did not come back.
 */
export class Heartbeat {
  readonly #own = `${MARK}${randomUUID()}`;
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;

  constructor(
    private readonly publish: (text: string) => void,
    private readonly onSilence: () => void,
  ) {}

  start(): void {
    this.stop();
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#missed = 0;
  }

  /** Whether the message is a beat, of this process or another one. */
  hear(message: string): boolean {
    if (message === this.#own) this.#missed = 0;
    return message.startsWith(MARK);
  }

  #beat(): void {
    if (this.#missed >= MISSED_BEATS) {
      this.onSilence();
      return;
    }
    this.#missed += 1;
    this.publish(this.#own);
  }
}
