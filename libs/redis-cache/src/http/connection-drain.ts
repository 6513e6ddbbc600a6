import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const SWEEP_EVERY_MS = 20;
/**
 * How many sweeps must find a connection without a request before it is closed. Sweeps are counted, not time: after a
 * long pause of the process a request may wait to be read.
 */
const IDLE_SWEEPS = 5;
/** How long a server goes on listening because connections keep coming, in milliseconds. */
const MAX_ACCEPT_MS = 1_000;
/** A turn of the event loop that took longer may have left a connection waiting, in milliseconds. */
const QUICK_TURN_MS = 1;

/** A client's connection, and what the application does with it. */
interface Connection {
  /** Latest response; its request has been read. */
  response?: ServerResponse;
  /** Accepted while the server closes, and not read yet. */
  held: boolean;
  /** Sweeps that found it without a request. */
  idleSweeps: number;
  /** Bytes read at the first of them: more belong to a request whose headers are not complete. */
  bytesRead?: number;
}

/**
 * Lets clients leave when the application stops, so that no request is lost: from then on every response carries
 * `Connection: close`, idle connections are closed, and new ones are served until the application stops listening.
 * Without it, Nest closes the connections of busy clients between two of their requests.
 *
 * Stopping begins when Nest calls `onModuleDestroy`: call `app.enableShutdownHooks()` to make it follow signals. To give
 * load balancers time, keep listening for a while, for example by `gracefulShutdownTimeoutMs` of `@nestjs/terminus`.
 * With Fastify also set `return503OnClosing: false`, for requests that arrive just before the end.
 *
 * @example
 * @Module({ imports: […], providers: [ConnectionDrain] })
 * export class AppModule {}
 *
 * const app = await NestFactory.create(AppModule);
 * app.enableShutdownHooks();
 */
@Injectable()
export class ConnectionDrain
  implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #connections = new Map<Socket, Connection>();
  readonly #servers: Server[] = [];
  #stopping = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(private readonly host: HttpAdapterHost) {}

  onApplicationBootstrap(): void {
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    if (server) this.watch(server);
  }

  onModuleDestroy(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const { response } of this.#connections.values()) if (response) closeAfter(response);
    for (const server of this.#servers) leaveIdleOpen(server);
    // Connections that are opened now are closed as well, should they stay idle. Not in the callback of the timer: what has
    // arrived by then is read after it.
    this.#sweep = setInterval(() => setImmediate(() => this.#closeIdle()), SWEEP_EVERY_MS).unref();
  }

  /** Resolves when the clients of open connections had the time to send their next request, or have left. */
  async beforeApplicationShutdown(): Promise<void> {
    for (let sweep = 0; sweep <= IDLE_SWEEPS && this.#hasIdle(); sweep += 1) await delay(SWEEP_EVERY_MS);
  }

  /** By now no server has a connection left. */
  onApplicationShutdown(): void {
    clearInterval(this.#sweep);
  }

  /**
   * Watches a server's connections. Nest's own server is watched already; call this for further ones, before they
   * listen.
   */
  watch(server: Server): void {
    this.#servers.push(server);
    if (this.#stopping) leaveIdleOpen(server);
    const secure = 'setSecureContext' in server;
    server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#connections.set(socket, { held: false, idleSweeps: 0 });
      socket.once('close', () => this.#connections.delete(socket));
    });
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const connection = this.#connections.get(request.socket);
      if (connection) connection.response = response;
      if (this.#stopping) closeAfter(response);
    });
    // The socket of an encrypted connection is not the one that is accepted.
    if (!secure) this.#acceptBeforeClosing(server);
  }

  #hasIdle(): boolean {
    return [...this.#connections].some(([socket, connection]) => isIdle(socket, connection));
  }

  #closeIdle(): void {
    for (const [socket, connection] of this.#connections) {
      if (!isIdle(socket, connection)) continue;
      connection.bytesRead ??= socket.bytesRead;
      connection.idleSweeps += 1;
      if (connection.idleSweeps > IDLE_SWEEPS) socket.destroy();
    }
  }

  /** Makes a server accept the connections that wait before it closes, because the system would reset them. */
  #acceptBeforeClosing(server: Server): void {
    const close = server.close.bind(server);
    server.close = (callback) => {
      const held = new Set<Socket>();
      limitWaiting(server);
      server.on('connection', (socket: Socket) => {
        held.add(socket.pause());
        this.#hold(socket, true);
      });
      const closeNow = (): void => {
        close(callback);
        for (const socket of held) this.#hold(socket.resume(), false);
      };
      void noneWaits(server, held).then(closeNow);
      return server;
    };
  }

  #hold(socket: Socket, held: boolean): void {
    const connection = this.#connections.get(socket);
    if (connection) connection.held = held;
  }
}

/**
 * Leaves idle connections to the sweeps: Node and Fastify close them all when a server closes, also those whose next request
 * has arrived and is not read yet.
 */
function leaveIdleOpen(server: Server): void {
  server.closeIdleConnections = () => {};
}

/**
 * Makes the system let one connection wait to be accepted instead of hundreds, so that clients that come while the server
 * closes are refused and not reset. Node can set this limit of a server that listens only by its handle, which is
 * internal: without it, more of these clients are reset.
 */
function limitWaiting(server: Server): void {
  const { _handle: handle } = server as { _handle?: { listen?(limit: number): number } | null };
  handle?.listen?.(0);
}

/**
 * Resolves at the end of a short turn of the event loop in which there was no connection to accept: Node accepts one in
 * each. Connections that are accepted meanwhile are held, or their clients would come back before the last is accepted.
 */
async function noneWaits(server: Server, held: ReadonlySet<Socket>): Promise<void> {
  const end = performance.now() + MAX_ACCEPT_MS;
  for (let now = performance.now(); server.listening && now < end;) {
    const [before, startedAt] = [held.size, now];
    await immediate();
    now = performance.now();
    if (held.size === before && now - startedAt < QUICK_TURN_MS) return;
  }
}

function closeAfter(response: ServerResponse): void {
  if (!response.headersSent && response.req.httpVersionMajor < 2) response.setHeader('Connection', 'close');
}

/** Whether a connection has no request that is being read or served. */
function isIdle(socket: Socket, { response, held, bytesRead }: Connection): boolean {
  if (held || (response && !response.writableFinished && !response.destroyed)) return false;
  return bytesRead === undefined || socket.bytesRead === bytesRead;
}
