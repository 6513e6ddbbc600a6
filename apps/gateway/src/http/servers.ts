import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConnectionDrain } from 'nestjs-redis-cache/http';
import type { GatewayConfig } from '../config/gateway-config.js';
import { answerClientError } from './server-options.js';

/** The longest time between two checks for connections that are too slow. */
const MAX_CHECK_INTERVAL_MS = 1_000;
const MIN_CONNECTION_TIMEOUT_MS = 600_000;
/** Time for sending the response of a task that used its whole time limit. */
const ANSWER_MARGIN_MS = 60_000;
const LOCALHOST = 'localhost';

/** Handles a request before Fastify does, or passes it to `next`, which is Fastify. */
export type Interceptor = (request: IncomingMessage, response: ServerResponse, next: RequestListener) => void;

/**
 * Creates the HTTP servers, so that every one of them calls the interceptor first. `HOST=localhost` may have two
 * addresses, each of which needs a server.
 */
export class HttpServers {
  /** Until there is an interceptor, Fastify handles all requests. */
  intercept: Interceptor = (request, response, next) => next(request, response);
  #next: RequestListener | undefined;

  constructor(
    private readonly config: GatewayConfig,
    private readonly resolve: (host: string, options: { all: true }) => Promise<LookupAddress[]> = lookup,
  ) {}

  /** Fastify's `serverFactory`. */
  readonly factory = (next: RequestListener): Server => {
    this.#next = next;
    return this.#create();
  };

  /** Listens on every address that the configured host has. */
  async listen(app: NestFastifyApplication): Promise<void> {
    const { PORT, HOST } = this.config;
    const others: Server[] = [];
    closeTogether(app, others);
    await app.listen(PORT, HOST);
    if (HOST !== LOCALHOST) return;
    const { address, port } = app.getHttpServer().address() as AddressInfo;
    const found = await this.resolve(HOST, { all: true }).catch(() => []);
    const more = found.map((one) => one.address).filter((one) => one !== address);
    others.push(...(await Promise.all(more.map((one) => this.#listenOn(one, port)))).flat());
    for (const server of others) app.get(ConnectionDrain).watch(server);
  }

  // An address that cannot be used is left out, as with Fastify's own servers: IPv6 may be off.
  async #listenOn(address: string, port: number): Promise<Server[]> {
    const server = this.#create().on('clientError', answerClientError).listen(port, address);
    try {
      await once(server, 'listening');
      return [server];
    } catch {
      return [];
    }
  }

  #create(): Server {
    const { config } = this;
    const options = {
      maxHeaderSize: config.MAX_HEADER_BYTES,
      headersTimeout: Math.min(config.HEADERS_TIMEOUT_MS, config.REQUEST_TIMEOUT_MS),
      connectionsCheckingInterval: Math.min(config.HEADERS_TIMEOUT_MS, MAX_CHECK_INTERVAL_MS),
      requestTimeout: config.REQUEST_TIMEOUT_MS,
      keepAliveTimeout: config.KEEP_ALIVE_TIMEOUT_MS,
    };
    const server = createServer(options, (request, response) => {
      this.intercept(request, response, this.#next!);
    });
    server.maxConnections = config.MAX_CONNECTIONS;
    return server.setTimeout(config.CONNECTION_TIMEOUT_MS ?? connectionTimeout(config.TASK_TIMEOUT_MS));
  }
}

/** Closes further servers when Fastify closes its own, and lets their requests finish, too. */
function closeTogether(app: NestFastifyApplication, others: readonly Server[]): void {
  const fastify = app.getHttpAdapter().getInstance();
  let closed: Promise<unknown>[] = [];
  fastify.addHook('preClose', (done) => {
    closed = others.map((server) => once(server.close(), 'close'));
    done();
  });
  fastify.addHook('onClose', async () => void (await Promise.all(closed)));
}

// While an answer is computed its connection is silent; it must not end before the task's time limit.
function connectionTimeout(taskTimeoutMs: number): number {
  return Math.max(MIN_CONNECTION_TIMEOUT_MS, taskTimeoutMs + ANSWER_MARGIN_MS);
}
