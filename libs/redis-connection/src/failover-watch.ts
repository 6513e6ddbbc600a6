import type { Redis } from 'ioredis';
import { atMost, backOffMs } from './timing.js';

const FIRST_LOOK_MS = 50;
/** Low enough that a name that has moved is followed within a second. */
const MAX_LOOK_MS = 500;
/** After this long without a refusal nobody needs the new master urgently: the next refusal looks again. */
const LOOK_FOR_MS = 60_000;
/** How long one look may take. */
const LOOK_TIMEOUT_MS = 2_000;

/** A replica refuses writes; a blocking command ends when its server becomes one. */
const BECAME_REPLICA = /^(READONLY|UNBLOCKED) /;

/**
 * Follows a fail-over behind one name, such as a cloud's primary endpoint or a Kubernetes Service: the old connections
 * stay open to a server that has become read-only. Once it refuses a write, short-lived connections look, with a
 * back-off, for whether the name leads to a master. Then every client of the group gets a new connection. Until then
 * the old ones go on to serve reads.
 */
export class FailoverWatch {
  readonly #clients = new Set<Redis>();
  #openLook: (() => Redis) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #looks = 0;
  #refusedAt = -Infinity;

  /** Adds a client to the group until it ends. `open` opens another one like it, which does not connect by itself. */
  add(client: Redis, open: () => Redis): void {
    this.#clients.add(client);
    this.#openLook ??= open;
    client.once('end', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) clearTimeout(this.#timer);
    });
  }

  /** Reports an error reply; returns whether it says that the server has become a replica. */
  note(error: Error): boolean {
    if (!BECAME_REPLICA.test(error.message)) return false;
    const now = performance.now();
    if (now - this.#refusedAt > LOOK_FOR_MS) this.#looks = 0;
    this.#refusedAt = now;
    this.#lookLater();
    return true;
  }

  /** Pause before a client that was refused connects again, in milliseconds; `null` when none was refused lately. */
  get pauseMs(): number | null {
    if (performance.now() - this.#refusedAt > MAX_LOOK_MS) return null;
    return backOffMs(this.#looks, FIRST_LOOK_MS, MAX_LOOK_MS);
  }

  #lookLater(): void {
    if (this.#isLooking || this.#timer !== undefined || this.#clients.size === 0) return;
    const pause = this.#looks === 0 ? 0 : backOffMs(this.#looks, FIRST_LOOK_MS, MAX_LOOK_MS);
    this.#timer = setTimeout(() => void this.#look(), pause).unref();
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#isLooking = true;
    this.#looks += 1;
    const isFound = await this.#leadsToMaster();
    // Not before: the server may be promoted during the look.
    const isPromoted = isFound && (await this.#isPromoted());
    this.#isLooking = false;
    if (isPromoted) return;
    if (isFound) return this.#replaceAll();
    if (performance.now() - this.#refusedAt < LOOK_FOR_MS) this.#lookLater();
  }

  /** Whether the server of the present connections has itself become a master. */
  async #isPromoted(): Promise<boolean> {
    const [client] = this.#clients;
    if (client?.status !== 'ready') return false;
    return atMost(LOOK_TIMEOUT_MS, client.info('replication').then(saysMaster), false);
  }

  async #leadsToMaster(): Promise<boolean> {
    const client = this.#openLook!();
    client.on('error', () => {});
    const look = client.connect().then(() => isMaster(client));
    try {
      return await atMost(LOOK_TIMEOUT_MS, look, false);
    } finally {
      client.disconnect();
    }
  }

  #replaceAll(): void {
    for (const client of this.#clients) {
      if (client.status !== 'ready' && client.status !== 'connect') continue;
      // The reason that a listener sees for the connection's end.
      const reason = new Error('a read-only server was left: its name leads to another one');
      if (client.listenerCount('error') > 0)
        client.emit('error', Object.assign(reason, { code: 'READONLY' }));
      client.disconnect(true);
    }
  }
}

// A user who may not run INFO cannot find out: then a new connection is the only way to learn more.
async function isMaster(client: Redis): Promise<boolean> {
  try {
    return saysMaster(await client.info('replication'));
  } catch (error) {
    return (error as Error).name === 'ReplyError';
  }
}

function saysMaster(replication: string): boolean {
  return /^role:master/m.test(replication);
}
