import { pathToFileURL } from 'node:url';
import { MessagesApi, until } from '@test/support/index.js';
import { type Gateway, jsonPost, overApi, startGateway } from '@test/gateway/start-gateway.js';
import { MAX_UNITS } from './limit.js';

const KEY = 'team-key-0123456789abcdef';
const HEARTBEAT = /^HEARTBEAT (.*)$/gm;

/**
 * How often a request that took too long is sent again. The host of a virtual machine may take its processor away for some tens
 * of milliseconds, which count as processor time of the program that runs; this does not happen three times in a row.
 */
const MAX_REPEATS = 2;

/** What the heartbeat of a server saw since it was last read. */
export interface Heartbeat {
  /** The longest turn of the event loop, pauses of the garbage collector included, in milliseconds of processor time. */
  readonly longestMs: number;
  /** The longest pause of the garbage collector, in milliseconds. */
  readonly gcMs: number;
  /** What writing and parsing 8 MB of JSON takes in that process, in milliseconds of processor time. */
  readonly unitMs: number;
}

/** A response, and the longest turn while the gateway served the request. */
export interface Measured extends Heartbeat {
  readonly status: number;
  /** {@link Heartbeat.longestMs} in units of {@link Heartbeat.unitMs}. */
  readonly units: number;
}

/** The built gateway over a stand-in for the API, with a heartbeat in its process. */
export class WatchedGateway {
  #printed = 0;

  private constructor(
    private readonly api: MessagesApi,
    private readonly gateway: Gateway,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<WatchedGateway> {
    const api = await MessagesApi.start();
    const heartbeat = pathToFileURL('test/heartbeat/heartbeat.mjs').href;
    const gateway = await startGateway({
      ...overApi(api, KEY),
      ...env,
      NODE_OPTIONS: `--import ${heartbeat}`,
    });
    return new WatchedGateway(api, gateway);
  }

  /**
   * Sends a body and returns the longest turn; the shortest of these if the request had to be repeated.
   *
   * @param isMiss a repeated request must not be served from the cache
   */
  async measure(path: string, body: string, isMiss: boolean): Promise<Measured> {
    let measured = await this.#measure(path, body, {});
    for (let repeats = 0; repeats < MAX_REPEATS && measured.units >= MAX_UNITS; repeats += 1) {
      const headers: Record<string, string> = isMiss ? { 'cache-control': 'no-cache' } : {};
      const repeated = await this.#measure(path, body, headers);
      if (repeated.units < measured.units) measured = repeated;
    }
    return measured;
  }

  async #measure(path: string, body: string, headers: Record<string, string>): Promise<Measured> {
    await this.#read();
    const status = await this.post(path, body, headers);
    const heartbeat = await this.#read();
    return { ...heartbeat, status, units: heartbeat.longestMs / heartbeat.unitMs };
  }

  /** Reads the heartbeat, which begins again. */
  async #read(): Promise<Heartbeat> {
    process.kill(this.gateway.process.pid, 'SIGUSR2');
    this.#printed += 1;
    const lines = (): string[] =>
      Array.from(this.gateway.process.stderr.matchAll(HEARTBEAT), ([, json]) => json!);
    await until(() => lines().length >= this.#printed, { what: 'the heartbeat' });
    return JSON.parse(lines()[this.#printed - 1]!) as Heartbeat;
  }

  /** Sends a body and reads the whole response. Returns its status. */
  async post(path: string, body: string, headers: Record<string, string> = {}): Promise<number> {
    const init = jsonPost(body);
    const response = await fetch(this.gateway.url + path, {
      ...init,
      headers: { ...init.headers, ...headers, 'x-api-key': KEY },
    });
    await response.arrayBuffer();
    return response.status;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.api.stop();
  }
}
