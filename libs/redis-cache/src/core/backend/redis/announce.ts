import type { RedisClient } from 'nestjs-redis-connection';
import type { CacheEvent } from '../event-channel.js';
import { formatEvent } from './redis-event-channel.js';

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
