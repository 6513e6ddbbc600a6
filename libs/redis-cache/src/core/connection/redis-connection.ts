import type { Redis } from 'ioredis';
import {
  atMost,
  DatabaseNotSelectedError,
  type RedisClient,
  sentinelSearchOf,
} from 'nestjs-redis-connection';
import type { ProcessHold } from './process-hold.js';

/** Is notified of changes of the connection to a backend. */
export interface LinkListener {
  /** The backend can be reached. */
  up(): void;
  /** The backend can no longer be reached, or the first attempt failed. */
  down(reason: Error): void;
  /** The backend has been reached for the first time. `server` describes it in a few words. */
  reached?(server: string): void;
  /** The backend works, but refuses something that the cache does by itself, such as a subscription. */
  fault?(error: unknown): void;
}

export interface LinkOptions {
  /** `false` for a client of the user, which is neither closed nor reconnected here. */
  owned: boolean;
  /** How long the handshake after connecting may take, in milliseconds. */
  stallMs: number;
  /** How long closing may take, in milliseconds. */
  closeTimeoutMs: number;
  /** Shared by all connections of one cache. */
  hold: ProcessHold;
}

const lost = (): Error => Object.assign(new Error('the connection was lost'), { code: 'CONNECTION_LOST' });

/** The life cycle of one client: reports whether it is usable, reconnects it and closes it. */
export class RedisConnection {
  #listener: LinkListener | undefined;
  #lastError: Error | undefined;
  #handshakeTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  #usable: Promise<void> = Promise.resolve();
  #isRefused = false;

  readonly #onReady = (): void => {
    clearTimeout(this.#handshakeTimer);
    this.#lastError = undefined;
    this.#reportWhenUsable();
  };
  readonly #onConnecting = (): void => {
    this.#lastError = undefined;
  };
  readonly #onClose = (): void => {
    clearTimeout(this.#handshakeTimer);
    this.#listener?.down(this.#lastError ?? lost());
  };
  // Errors that follow from a refused database would hide it.
  readonly #onError = (error: Error): void => {
    if (!(this.#lastError instanceof DatabaseNotSelectedError)) this.#lastError = error;
    // While a client looks for its master it closes nothing.
    if (this.client.status === 'connecting' && sentinelSearchOf(this.client)) this.#listener?.down(error);
  };
  readonly #onConnect = (): void => {
    clearTimeout(this.#handshakeTimer);
    this.#handshakeTimer = setTimeout(() => this.reconnect(), this.options.stallMs).unref();
  };

  constructor(
    readonly client: RedisClient,
    private readonly options: LinkOptions,
  ) {
    client.on('connecting', this.#onConnecting);
    client.on('ready', this.#onReady);
    client.on('close', this.#onClose);
    client.on('end', this.#onClose);
    client.on('error', this.#onError);
    client.on('node error', this.#onError);
    if (options.owned) {
      client.on('connect', this.#onConnect);
      options.hold.add(client);
    }
    if (client.status === 'wait') client.connect().catch(this.#onError);
  }

  /** Sets the listener, which is notified of the current state at once if that is known. */
  watch(listener: LinkListener): void {
    this.#listener = listener;
    this.report();
  }

  /** Reports the current state to the listener if it is known. */
  report(): void {
    if (this.client.status === 'ready') this.#reportWhenUsable();
    if (this.client.status === 'end') this.#listener?.down(lost());
  }

  /** Resolves when the current connection may be used; rejects if it has the wrong database. */
  usable(): Promise<void> {
    if (this.#isRefused) this.#usable = this.#checkDatabase();
    return this.#usable;
  }

  reconnect(): void {
    if (this.options.owned && !this.#closing) this.client.disconnect(true);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #reportWhenUsable(): void {
    // Our own client ends a connection with the wrong database by itself.
    if (this.options.owned || this.client.isCluster) return this.#listener?.up();
    this.#usable = this.#checkDatabase();
    this.#usable.then(
      () => this.#listener?.up(),
      (error: Error) => this.#listener?.down(error),
    );
  }

  /** Selects again what the user's client should have selected: ioredis only emits an error if that failed. */
  async #checkDatabase(): Promise<void> {
    const client = this.client as Redis;
    const database = client.condition?.select ?? client.options.db;
    if (!database) return;
    try {
      await client.select(database);
      this.#isRefused = false;
    } catch (error) {
      if ((error as Error).name !== 'ReplyError') throw error;
      this.#isRefused = true;
      throw new DatabaseNotSelectedError(database, error as Error);
    }
  }

  async #close(): Promise<void> {
    this.#listener = undefined;
    clearTimeout(this.#handshakeTimer);
    if (this.options.owned) await this.#quit();
    else this.#detach();
  }

  // QUIT lets pending replies arrive; a server that does not reply is disconnected.
  async #quit(): Promise<void> {
    const { client } = this;
    if (client.status === 'ready') await atMost(this.options.closeTimeoutMs, client.quit(), 'OK');
    if (client.status === 'end') return;
    const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
    // Between two attempts to connect there is no socket, hence no event when it closes.
    const idle = client.status === 'reconnecting' || client.status === 'close';
    client.disconnect();
    if (!idle) await atMost(this.options.closeTimeoutMs, ended, undefined);
  }

  #detach(): void {
    this.client.off('connecting', this.#onConnecting);
    this.client.off('ready', this.#onReady);
    this.client.off('close', this.#onClose);
    this.client.off('end', this.#onClose);
    this.client.off('error', this.#onError);
    this.client.off('node error', this.#onError);
  }
}
