import { pathToFileURL } from 'node:url';
import { MessagesApi, until } from '@test/support/index.js';
import { type Gateway, jsonPost, overApi, startGateway } from '@test/gateway/start-gateway.js';

const KEY = 'team-key-0123456789abcdef';
const HEARTBEAT = /^HEARTBEAT (.*)$/gm;

/** What the heartbeat of a server saw since it was last read. */
export interface Heartbeat {
  /** The longest turn of the event loop without pauses of the garbage collector, in milliseconds of processor time. */
  readonly longestMs: number;
  /** The longest pause of the garbage collector, in milliseconds. */
  readonly gcMs: number;
  /** What writing and parsing 8 MB of JSON takes in that process, in milliseconds of processor time. */
  readonly unitMs: number;
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

  /** Reads the heartbeat, which begins again. */
  async read(): Promise<Heartbeat> {
    process.kill(this.gateway.process.pid, 'SIGUSR2');
    this.#printed += 1;
    const lines = (): string[] =>
      Array.from(this.gateway.process.stderr.matchAll(HEARTBEAT), ([, json]) => json!);
    await until(() => lines().length >= this.#printed, { what: 'the heartbeat' });
    return JSON.parse(lines()[this.#printed - 1]!) as Heartbeat;
  }

  /** Sends a body and reads the whole response. Returns its status. */
  async post(path: string, body: string): Promise<number> {
    const init = jsonPost(body);
    const response = await fetch(this.gateway.url + path, {
      ...init,
      headers: { ...init.headers, 'x-api-key': KEY },
    });
    await response.arrayBuffer();
    return response.status;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.api.stop();
  }
}
