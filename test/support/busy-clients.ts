/**
 * Clients that keep their connections alive and send one request after the other, until the server refuses new
 * connections.
 *
 *   const clients = new BusyClients(20, () => ({ options: { port, path: "/" } }));
 *   await clients.answered(100);
 *   server.signal('SIGTERM');
 *   expect(await clients.ended()).toMatchObject({ lost: [] });
 */
import { Agent, type ClientRequest, type IncomingMessage, request, type RequestOptions } from 'node:http';
import { setImmediate as immediate } from 'node:timers/promises';
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
  /** Responses with `Connection: close`: the server has begun to stop. */
  readonly closing: number;
  /** Responses without it to requests that were sent after the first one with it. */
  readonly keptWhileStopping: number;
  /** Errors of requests that were the first on a connection that the system had accepted. */
  readonly lostAtEnd: readonly string[];
  /** Errors of requests on connections that had served one before. */
  readonly lost: readonly string[];
}

export class BusyClients {
  readonly #statuses = new Map<number, number>();
  readonly #lostAtEnd: string[] = [];
  readonly #lost: string[] = [];
  readonly #running: Promise<void[]>;
  #answers = 0;
  #closing = 0;
  #keptWhileStopping = 0;

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
    return {
      statuses: this.#statuses,
      closing: this.#closing,
      keptWhileStopping: this.#keptWhileStopping,
      lostAtEnd: this.#lostAtEnd,
      lost: this.#lost,
    };
  }

  async #run(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (await this.#send(agent)) {
      // Notices first what the server has done meanwhile: a client that was not scheduled for a while may find its
      // connection closed as idle, and opens another one.
      await immediate();
      await immediate();
    }
    agent.destroy();
  }

  /** Resolves to whether the server can still be reached. */
  #send(agent: Agent): Promise<boolean> {
    const { options, body } = this.next();
    const isStopping = this.#closing > 0;
    return new Promise((resolve) => {
      const sent = request({ ...options, agent }, (response) => {
        response.resume().on('error', (error) => resolve(this.#fail(sent, error)));
        response.on('end', () => {
          this.#note(response, isStopping);
          resolve(true);
        });
      });
      sent.on('error', (error) => resolve(this.#fail(sent, error))).end(body);
    });
  }

  #note({ statusCode = 0, headers }: IncomingMessage, wasStopping: boolean): void {
    const isClosing = headers.connection === 'close';
    this.#answers += 1;
    this.#closing += Number(isClosing);
    this.#keptWhileStopping += Number(wasStopping && !isClosing);
    this.#statuses.set(statusCode, (this.#statuses.get(statusCode) ?? 0) + 1);
  }

  #fail({ reusedSocket }: ClientRequest, error: NodeJS.ErrnoException): boolean {
    // Without a connection nothing was sent.
    if (error.syscall === 'connect') return false;
    (reusedSocket ? this.#lost : this.#lostAtEnd).push(String(error));
    return true;
  }
}
