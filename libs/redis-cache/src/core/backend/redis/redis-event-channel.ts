import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { failureCode, isReplyError, type RedisClient } from 'nestjs-redis-connection';
import type { LinkOptions } from '../../connection/redis-connection.js';
import { type ServerMessage, SubscriberLink } from '../../connection/subscriber-link.js';
import type { CacheEvent, CacheEventListener, EventChannel } from '../backend.js';
import type { KeySpace } from './key-space.js';

/** Where Redis publishes invalidations for a client with RESP2 redirection. */
const SERVER_CHANNEL = '__redis__:invalidate';
/** Length of the string that identifies a process. */
export const ORIGIN_LENGTH = 8;

export interface RedisEventChannelOptions {
  /** Let the server report every change of an entry or a tag. For a single server, not for a Cluster. */
  tracking: boolean;
  /** Check twice a second that published messages are received. */
  heartbeat: boolean;
  connection: Omit<LinkOptions, 'owned'>;
  /** Receives what the server refuses. */
  fault: (error: unknown) => void;
}

/**
 * Events by publish and subscribe and, with `tracking`, from the server itself (client-side caching in
 * broadcasting mode: https://redis.io/docs/latest/develop/reference/client-side-caching/). They need a
 * connection of their own, because a subscribed connection accepts no other commands. Each new connection
 * subscribes again, because the server forgets a client that disconnects.
 */
export class RedisEventChannel implements EventChannel {
  readonly #listeners = new Set<CacheEventListener>();
  readonly #clientPrefix: string;
  readonly #heartbeat: Heartbeat;
  /** Of the heartbeats: on the shared channel, each process would receive those of all the others. */
  readonly #ownChannel: string;
  #link: SubscriberLink | undefined;
  #isUp = false;
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
    this.#ownChannel = `${channel}:${origin}`;
    this.#heartbeat = new Heartbeat(
      (text) => this.#beat(text),
      () => this.#onSilence(),
    );
  }

  listen(listener: CacheEventListener): void {
    // A call that was running during `close` may arrive here only now.
    if (this.#closed) return;
    this.#listeners.add(listener);
    if (this.#isUp) listener({ type: 'up' });
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
      down: () => this.#onDown(),
      message: (channel, message) => this.#onMessage(channel, message),
    });
  }

  async #subscribe(subscriber: Redis): Promise<void> {
    const channels = [this.channel, this.#ownChannel];
    if (this.options.tracking) channels.push(SERVER_CHANNEL);
    try {
      if (this.options.tracking && !(await this.#track(subscriber))) channels.pop();
      await subscriber.subscribe(...channels);
      this.#isUp = true;
      this.#emit({ type: 'up' });
      // The first beat also shows whether this user may publish.
      if (!this.#closed) this.#heartbeat.start(this.options.heartbeat);
    } catch (error) {
      if (isReplyError(error)) this.#onRefused(error);
      else this.#link?.reconnect();
    }
  }

  // A right is missing: a new connection would not help.
  #onRefused(error: unknown): void {
    if (this.#closed) return;
    this.#onDown();
    this.options.fault(error);
    this.#link?.retryLater();
  }

  #onDown(): void {
    this.#heartbeat.stop();
    this.#isUp = false;
    this.#emit({ type: 'down' });
  }

  // The connection is open but silent: the server is frozen or cut off.
  #onSilence(): void {
    this.#onDown();
    this.#link?.reconnect();
  }

  #beat(text: string): void {
    if (this.client.status !== 'ready') return;
    this.client.publish(this.#ownChannel, text).catch((error: unknown) => {
      if (failureCode(error) === 'NOPERM') this.#onRefused(error);
    });
  }

  /** Returns `false` if the server refuses. */
  async #track(subscriber: Redis): Promise<boolean> {
    const prefixes = this.keys.trackedPrefixes(this.#clientPrefix).flatMap((prefix) => ['PREFIX', prefix]);
    try {
      const id = await subscriber.client('ID');
      await subscriber.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', ...prefixes, 'NOLOOP');
      return true;
    } catch (error) {
      if (!isReplyError(error)) throw error;
      this.#emit({ type: 'refused' });
      return false;
    }
  }

  #onMessage(channel: Buffer, message: ServerMessage): void {
    if (channel.toString() !== SERVER_CHANNEL) return this.#onProcessMessage(String(message));
    // No list of keys: the database was flushed, or the server's table of tracked keys was full.
    if (!Array.isArray(message)) return this.#emit({ type: 'flushed' });
    for (const key of message) this.#emit(this.#eventOf(key.toString()));
  }

  #onProcessMessage(message: string): void {
    if (!this.#heartbeat.receive(message)) this.#emit(parseEvent(message, this.origin));
  }

  #eventOf(redisKey: string): CacheEvent {
    const key = redisKey.slice(this.#clientPrefix.length);
    const changed = this.keys.entryOf(key);
    if (changed !== null) return { type: 'changed', key: changed };
    const tag = this.keys.tagOf(key);
    return tag === null ? { type: 'flushed' } : { type: 'invalidated', tag };
  }

  #emit(event: CacheEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** Returns the message for an event: a letter for its type, then the key or tag. */
export function formatEvent(event: CacheEvent): string {
  if (event.type === 'changed') return `c${event.key}`;
  return event.type === 'invalidated' ? `i${event.tag}` : 'f';
}

/** Returns the message for the end of a computation: `e`, the origin in {@link ORIGIN_LENGTH} characters, then the key. */
export function formatEnd(key: string, origin: string): string {
  return `e${origin}${key}`;
}

/** Returns the message for new records in the log of a computation. */
export function formatPieces(key: string): string {
  return `p${key}`;
}

function parseEvent(message: string, origin: string): CacheEvent {
  const rest = message.slice(1);
  if (message.startsWith('e')) {
    return { type: 'ended', key: rest.slice(ORIGIN_LENGTH), own: rest.startsWith(origin) };
  }
  if (message.startsWith('p')) return { type: 'pieces', key: rest };
  if (message.startsWith('c')) return { type: 'changed', key: rest };
  return message.startsWith('i') ? { type: 'invalidated', tag: rest } : { type: 'flushed' };
}

/** Returns the result of a write and announces its events to the other processes once it is done. */
export type Announce = <T>(write: Promise<T>, events: readonly CacheEvent[]) => Promise<T>;

/** For a server that reports changes itself. */
export const announceNothing: Announce = (write) => write;

/**
 * Publishes the events. Not before the write is confirmed: receivers read the key again and must not find the
 * old value. The message is not awaited: if it is lost, copies live for their remaining time, as they do after a
 * lost connection.
 */
export function announceBy(client: RedisClient, channel: string): Announce {
  return async (write, events) => {
    const result = await write;
    for (const event of events) client.publish(channel, formatEvent(event)).catch(() => {});
    return result;
  };
}

const BEAT_MS = 400;
/** One beat may be late because this process, not the server, was busy. */
const MISSED_BEATS = 2;
const MARK = 'h';

/**
 * Detects that published messages no longer arrive although the connection is open: two beats in a row did
 * not come back.
 */
export class Heartbeat {
  readonly #own = `${MARK}${randomUUID()}`;
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;

  constructor(
    private readonly publish: (text: string) => void,
    private readonly onSilence: () => void,
  ) {}

  /** @param goesOn `false` for a single beat, which nothing waits for */
  start(goesOn = true): void {
    this.stop();
    if (goesOn) this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
    else this.publish(this.#own);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#missed = 0;
  }

  /** Returns whether the message is a beat, of this process or another one. */
  receive(message: string): boolean {
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
