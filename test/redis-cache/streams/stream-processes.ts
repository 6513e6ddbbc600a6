import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { GetOrStreamOptions, RedisCacheOptions } from 'nestjs-redis-cache';
import { PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { type Deferred, deferred } from '@test/fixtures/redis-cache/deferred.js';
import { type ManagedProcess, spawnNode, until, within } from '@test/support/index.js';

const SCRIPT = resolve('test/fixtures/redis-cache/stream-process.mjs');
/** Far above what any request takes; a request that is not replied to is a reader that hangs. */
const REPLY_LIMIT_MS = 20_000;

type CallOptions = Partial<GetOrStreamOptions<string, string>>;

/** Readers of a process that received the same. */
export interface Outcome {
  readers: number;
  pieces: string[];
  status?: string;
  error?: string;
  /** When the last of them ended, in epoch milliseconds. */
  lastAt: number;
}

/** A call of the factory in some process. */
export interface ProcessCall {
  process: StreamProcess;
  call: number;
  /** Produces pieces; they are called `<process><call>:<index>`. */
  push(count: number): Promise<unknown>;
  end(): Promise<unknown>;
  fail(message: string): Promise<unknown>;
  /** The names of its first pieces. */
  pieces(count: number): string[];
}

interface Message {
  id?: number;
  result?: unknown;
  error?: string;
  call?: number;
  aborted?: number;
  connected?: boolean;
}

/** A process whose readers and factory the test controls. */
export class StreamProcess {
  readonly #replies = new Map<number, Deferred<unknown>>();
  readonly #aborted: number[] = [];
  readonly #connected = deferred<boolean>();
  #socket!: Socket;
  #requests = 0;

  constructor(
    readonly name: string,
    readonly child: ManagedProcess,
    private readonly onCall: (call: number) => void,
  ) {}

  /** Resolves when it has tried to reach Redis, with whether it did. */
  get connected(): Promise<boolean> {
    return this.#connected.promise;
  }

  /** Numbers of the calls whose signal has aborted. */
  get aborted(): readonly number[] {
    return this.#aborted;
  }

  /** Makes `count` readers. Those that wait get their stream, and iterate only after `start`. */
  async open(
    key: string,
    count: number,
    options: { waits?: boolean; call?: CallOptions } = {},
  ): Promise<void> {
    await this.request('open', { key, count, waits: options.waits ?? false, callOptions: options.call });
  }

  /** Resolves when the readers that have been opened wait for the lease holder, if there is one. */
  async settle(): Promise<void> {
    await this.request('settle');
  }

  async outcomes(kind: 'all' | 'iterating' = 'all'): Promise<Outcome[]> {
    return (await this.request('outcomes', { kind })) as Outcome[];
  }

  invoke(method: string, ...args: unknown[]): Promise<unknown> {
    return this.request('invoke', { method, args });
  }

  request(name: string, parameters: object = {}): Promise<unknown> {
    this.#requests += 1;
    const reply = deferred<unknown>();
    this.#replies.set(this.#requests, reply);
    this.#socket.write(`${JSON.stringify({ ...parameters, id: this.#requests, do: name })}\n`);
    return within(reply.promise, { what: `${name} in process ${this.name}`, timeoutMs: REPLY_LIMIT_MS });
  }

  attach(socket: Socket): void {
    this.#socket = socket.setNoDelay().on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => this.#receive(JSON.parse(line) as Message));
  }

  #receive({ id, result, error, call, aborted, connected }: Message): void {
    if (connected !== undefined) this.#connected.resolve(connected);
    if (call !== undefined) this.onCall(call);
    if (aborted !== undefined) this.#aborted.push(aborted);
    if (id === undefined) return;
    if (error === undefined) this.#replies.get(id)?.resolve(result);
    else this.#replies.get(id)?.reject(new Error(error));
    this.#replies.delete(id);
  }
}

/** Processes on one Redis. They are used by one test after another: each takes a while to start. */
export class StreamProcesses {
  /** All calls of the factory since `start`, in the order in which they were reported. */
  readonly calls: ProcessCall[] = [];
  #processes: StreamProcess[] = [];
  #names = 0;

  /** @param options of the caches, which have a long deadline unless these set one */
  constructor(private readonly options: () => RedisCacheOptions) {}

  /** Returns processes that are connected and have no readers. */
  async start(count: number): Promise<StreamProcess[]> {
    this.#processes = this.#processes.filter(({ child }) => child.exitStatus === undefined);
    for (const { child } of this.#processes) child.signal('SIGCONT');
    const missing = Math.max(0, count - this.#processes.length);
    this.#processes.push(...(await Promise.all(Array.from({ length: missing }, () => this.#startOne()))));
    const started = this.#processes.slice(0, count);
    await Promise.all(started.map((process) => process.request('reset')));
    this.calls.length = 0;
    return started;
  }

  /** Resolves with the call number `index`, from 0, of all processes. */
  call(index: number): Promise<ProcessCall> {
    return until(() => this.calls[index], { what: `call ${index} of the factory`, everyMs: 2 });
  }

  /** Ends all processes at once, those that are frozen too. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.splice(0).map(({ child }) => child.kill()));
  }

  async #startOne(): Promise<StreamProcess> {
    const name = `p${this.#names}.`;
    this.#names += 1;
    const server = createServer().listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const scenario = { port, name, options: { commandTimeoutMs: PATIENT_MS, ...this.options() } };
    const child = spawnNode(SCRIPT, { env: { SCENARIO: JSON.stringify(scenario), NO_COLOR: '1' } });
    const process: StreamProcess = new StreamProcess(name, child, (call) =>
      this.calls.push(callOf(process, call)),
    );
    const [socket] = (await within(once(server, 'connection'), { what: `process ${name}` })) as [Socket];
    server.close();
    process.attach(socket);
    await process.connected;
    return process;
  }
}

function callOf(process: StreamProcess, call: number): ProcessCall {
  return {
    process,
    call,
    push: (count) => process.request('push', { call, count }),
    end: () => process.request('finish', { call }),
    fail: (message) => process.request('finish', { call, fail: message }),
    pieces: (count) => Array.from({ length: count }, (_, index) => `${process.name}${call}:${index}`),
  };
}
