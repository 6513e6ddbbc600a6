import type { Redis } from 'ioredis';
import { backOffMs } from './timing.js';
import { withoutArguments } from './wrapped-failure.js';

const FIRST_RETRY_MS = 100;
/** Waiting rarely helps: the database or the right has to be added first. */
const MAX_RETRY_MS = 1_000;

/** The server refused to select the database of a connection, which therefore must not be used. */
export class DatabaseNotSelectedError extends Error {
  override readonly name = 'DatabaseNotSelectedError';
  readonly code = 'DATABASE_NOT_SELECTED';

  constructor(database: number, cause: Error) {
    super(`database ${database} cannot be selected: ${cause.message}`, { cause: withoutArguments(cause) });
  }
}

const guarded = new WeakSet<Redis>();

/**
 * Makes a client end each connection on which its database cannot be selected, and connect again later. Without this,
 * ioredis only emits an error and then sends all commands to database 0, which may belong to another application.
 */
export function requireDatabase<Client extends Redis>(client: Client): Client {
  if (guarded.has(client)) return client;
  guarded.add(client);
  const select = client.select.bind(client) as (database: number) => Promise<'OK'>;
  const { retryStrategy } = client.options;
  let refusals = 0;
  const selectOrEnd = (database: number): Promise<'OK'> =>
    select(database).then(
      (reply) => {
        refusals = 0;
        return reply;
      },
      (error: Error) => {
        // Anything but a reply means that the connection has ended.
        if (error.name !== 'ReplyError') throw error;
        refusals += 1;
        return endConnection(client, new DatabaseNotSelectedError(database, error));
      },
    );
  client.options.retryStrategy = (attempt) =>
    refusals > 0 ? backOffMs(refusals, FIRST_RETRY_MS, MAX_RETRY_MS) : retryStrategy?.(attempt);
  Object.assign(client, { select: selectOrEnd });
  return client;
}

// The handshake must not go on, not even with the replies that have already arrived: the promise stays pending.
function endConnection(client: Redis, error: DatabaseNotSelectedError): Promise<'OK'> {
  client.stream.destroy();
  if (client.listenerCount('error') > 0) client.emit('error', error);
  return new Promise(() => {});
}
