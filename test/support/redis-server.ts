/**
 * A real Redis server of a test's own, on 127.0.0.1, a free port and a temporary folder.
 *
 *   const redis = await RedisServer.start();           // answers PING once this resolves
 *   await redis.client().set('key', 'value');          // a client for the test's own looks at the data
 *   await redis.pause();                               // frozen: accepts connections, answers nothing
 *   await redis.resume();
 *   await redis.kill();                                // connection refused
 *   await redis.restart();                             // same port, empty
 *   await redis.restart({ password: 'secret' });       // same port, options changed
 *   await redis.stop();                                // in afterAll; closes the clients, removes the folder
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { freePort } from './free-port.js';
import { ManagedProcess } from './managed-process.js';
import { rawPing } from './raw-ping.js';
import {
  certFile,
  keyFile,
  redisArgs,
  sentinelConfig,
  sentinelFile,
  socketFile,
  type RedisServerOptions,
  type ServerLayout,
} from './redis-args.js';
import { redisBinary } from './redis-binary.js';
import { selfSignedCertificate } from './self-signed-certificate.js';
import { until } from './until.js';

const HOST = '127.0.0.1';
const PORT_ATTEMPTS = 5;
const READY_LINE = /Ready to accept connections|Sentinel ID is/;
const PORT_TAKEN = /Address already in use/;
const MAX_RECONNECT_DELAY_MS = 100;
// ioredis keeps a timer of this length (default 2 s) after `disconnect()` when the server was already gone.
const DISCONNECT_TIMEOUT_MS = 50;

type PickPort = () => Promise<number>;

async function newLayout(port: number | undefined, pickPort: PickPort): Promise<ServerLayout> {
  return {
    host: HOST,
    port: port ?? (await pickPort()),
    tlsPort: await pickPort(),
    busPort: await pickPort(),
    dir: await mkdtemp(join(tmpdir(), 'redis-test-')),
  };
}

export class RedisServer {
  private readonly clients = new Set<Redis>();
  private child: ManagedProcess | undefined;

  private constructor(
    private options: RedisServerOptions,
    private readonly layout: ServerLayout,
  ) {}

  /**
   * Throws, with the server's last output, when it does not come up. A port that another process took in the
   * meantime is exchanged for the next one of `pickPort`, unless `options` fixes it.
   */
  static async start(options: RedisServerOptions = {}, pickPort: PickPort = freePort): Promise<RedisServer> {
    for (let attempt = 1; ; attempt += 1) {
      const server = new RedisServer(options, await newLayout(options.port, pickPort));
      try {
        await server.launch();
        return server;
      } catch (error) {
        await server.stop();
        const stolen = options.port === undefined && PORT_TAKEN.test(String(error));
        if (!stolen || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  get host(): string {
    return this.layout.host;
  }

  get port(): number {
    return this.layout.port;
  }

  get url(): string {
    const { password } = this.options;
    const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    return `redis://${credentials}${this.host}:${this.port}`;
  }

  get password(): string | undefined {
    return this.options.password;
  }

  /** Throws unless the server runs in cluster mode. */
  get busPort(): number {
    if (this.options.cluster !== true) throw new Error('This server was started without `cluster`');
    return this.layout.busPort;
  }

  /** Throws unless the server was started with `tls`. */
  get tlsPort(): number {
    this.requireTls();
    return this.layout.tlsPort;
  }

  /** The certificate to trust, as PEM. Throws unless the server was started with `tls`. */
  get ca(): string {
    this.requireTls();
    return readFileSync(certFile(this.layout.dir), 'utf8');
  }

  /** Throws unless the server was started with `unixSocket`: without a path a client would try port 6379. */
  get socketPath(): string {
    const path = socketFile(this.options, this.layout.dir);
    if (path === undefined) throw new Error('This server was started without `unixSocket`');
    return path;
  }

  get pid(): number {
    return this.running().pid;
  }

  /** A client for assertions, which reconnects quickly and is closed by `stop()`. */
  client(options: RedisOptions = {}): Redis {
    const client = new Redis({
      host: this.host,
      port: this.port,
      password: this.password,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      retryStrategy: (times) => Math.min(times * 10, MAX_RECONNECT_DELAY_MS),
      ...options,
    });
    client.on('error', () => undefined);
    this.clients.add(client);
    return client;
  }

  /** Freezes the server (SIGSTOP): the kernel still accepts connections for it, nothing is answered. */
  async pause(): Promise<void> {
    const { pid } = this.running();
    this.signal('SIGSTOP');
    await until(() => isFrozen(pid), { what: `server ${pid} to freeze`, everyMs: 1 });
  }

  /** Resolves when the server answers again. */
  async resume(): Promise<void> {
    this.signal('SIGCONT');
    await this.ping();
  }

  /** Ends the server at once (SIGKILL), as a crash would. */
  async kill(): Promise<void> {
    await this.running().kill();
  }

  /**
   * Ends the server if it still runs and starts it on the same port, with `options` laid over those it had.
   * It comes back empty unless it keeps `appendonly`. Clients from before keep the password from before.
   */
  async restart(options: Omit<RedisServerOptions, 'port'> = {}): Promise<void> {
    await this.child?.stop();
    this.options = { ...this.options, ...options };
    await this.launch();
  }

  /** Ends the server, paused or not, closes its clients and removes its folder. May be called twice. */
  async stop(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    this.clients.clear();
    await this.child?.stop();
    await rm(this.layout.dir, { recursive: true, force: true });
  }

  private async launch(): Promise<void> {
    await this.prepareFolder();
    this.child = new ManagedProcess(redisBinary().file, redisArgs(this.options, this.layout), {
      env: {},
      cwd: this.layout.dir,
    });
    await this.child.waitForLine(READY_LINE);
    const reply = await this.ping();
    if (reply !== '+PONG') throw new Error(`The server on port ${this.port} answered PING with ${reply}`);
  }

  private async prepareFolder(): Promise<void> {
    const { dir } = this.layout;
    const { appendonly, sentinel, tls } = this.options;
    if (appendonly !== true) await this.forgetData();
    if (tls === true) await this.writeCertificate();
    if (sentinel !== undefined && !existsSync(sentinelFile(dir))) {
      await writeFile(sentinelFile(dir), sentinelConfig(sentinel, this.layout));
    }
  }

  /** A replica leaves the copy of its master behind, which it would load again. */
  private async forgetData(): Promise<void> {
    for (const name of ['dump.rdb', 'appendonlydir']) {
      await rm(join(this.layout.dir, name), { recursive: true, force: true });
    }
  }

  private async writeCertificate(): Promise<void> {
    const { dir } = this.layout;
    if (existsSync(certFile(dir))) return;
    const { key, cert } = selfSignedCertificate();
    await writeFile(keyFile(dir), key, { mode: 0o600 });
    await writeFile(certFile(dir), cert);
  }

  private ping(): Promise<string> {
    return rawPing({ port: this.port, host: this.host, password: this.password });
  }

  private signal(signal: NodeJS.Signals): void {
    if (!this.running().signal(signal))
      throw new Error(`No server runs on port ${this.port} to get ${signal}`);
  }

  private running(): ManagedProcess {
    if (this.child === undefined) throw new Error('The server was never started');
    return this.child;
  }

  private requireTls(): void {
    if (this.options.tls !== true) throw new Error('This server was started without `tls`');
  }
}

/** Where the system does not tell (no /proc), a signal that was sent counts as one that arrived. */
function isFrozen(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return !existsSync(file) || /\) [Tt] /.test(readFileSync(file, 'utf8'));
}
