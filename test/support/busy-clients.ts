/**
 * Clients that keep their connections alive and send one request after the other, until the server refuses new
 * connections.
 *
 *   const clients = new BusyClients(20, () => ({ options: { port, path: "/" } }));
 *   await clients.answered(100);
 *   server.signal('SIGTERM');
 *   expect((await clients.ended()).lost.length).toBeLessThanOrEqual(WAITS_AT_END);
 */
import { Agent, type IncomingMessage, request, type RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import { until } from './until.js';

/**
 * How many connections may be reset when the port is closed: the system accepts one between the last that the server
 * takes and the end. Nothing was read of its request.
 */
export const WAITS_AT_END = 1;

export interface BusyRequest {
  readonly options: RequestOptions;
  readonly body?: string;
}

export interface BusyOutcome {
  /** Responses by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Connections whose last response did not carry `Connection: close`. */
  readonly keptAtEnd: number;
  /** Errors of requests that were sent on an open connection. */
  readonly lost: readonly string[];
}

export class BusyClients {
  readonly #statuses = new Map<number, number>();
  readonly #lost: string[] = [];
  /** Whether the latest response on a connection asked the client to leave. */
  readonly #told = new Map<Socket, boolean>();
  readonly #running: Promise<void[]>;
  #answers = 0;

  constructor(
    count: number,
    private readonly next: () => BusyRequest,
  ) {
    this.#running = Promise.all(Array.from({ length: count }, () => this.#run()));
  }

  /** Resolves when there have been that many more responses. */
  async answered(more: number): Promise<void> {
    const wanted = this.#answers + more;
    await until(() => this.#answers >= wanted, { what: `${more} more responses` });
  }

  /** Resolves when every client has failed to connect. */
  async ended(): Promise<BusyOutcome> {
    await this.#running;
    const keptAtEnd = [...this.#told.values()].filter((told) => !told).length;
    return { statuses: this.#statuses, keptAtEnd, lost: this.#lost };
  }

  async #run(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (;;) {
      try {
        await this.#send(agent);
      } catch (error) {
        // Without a connection nothing was sent.
        if ((error as NodeJS.ErrnoException).syscall === 'connect') break;
        this.#lost.push(String(error));
      }
    }
    agent.destroy();
  }

  #send(agent: Agent): Promise<void> {
    const { options, body } = this.next();
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, agent }, (response) => {
        const { socket } = response;
        response.resume().on('error', reject);
        response.on('end', () => {
          this.#note(response, socket);
          resolve();
        });
      });
      sent.on('error', reject).end(body);
    });
  }

  #note({ statusCode = 0, headers }: IncomingMessage, socket: Socket): void {
    this.#answers += 1;
    this.#statuses.set(statusCode, (this.#statuses.get(statusCode) ?? 0) + 1);
    this.#told.set(socket, headers.connection === 'close');
  }
}
