/**
 * Stands before a server, and cuts off whoever reaches it that way.
 *
 *   const proxy = await CutProxy.start(redis);
 *   proxy.cut();
 *   proxy.restore();
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { ReplyLine, type ReplyManner } from './reply-line.js';

type Line = 'whole' | 'cut' | 'silent';

export class CutProxy {
  readonly #server = createServer((client) => this.#join(client));
  readonly #sockets = new Set<Socket>();
  readonly #manner: ReplyManner = { delayMs: 0, isBytewise: false, cuts: 0 };
  #line: Line = 'whole';
  #fatal: string | null = null;
  #heard = '';
  #connections = 0;

  private constructor(
    private target: { host: string; port: number },
    private readonly records: boolean,
  ) {}

  /** `records: false` keeps nothing of what was sent, for long runs; `timesSent` then returns 0. */
  static async start(
    { host, port }: { host: string; port: number },
    { records = true }: { records?: boolean } = {},
  ): Promise<CutProxy> {
    const proxy = new CutProxy({ host, port }, records);
    proxy.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  /** Connections break, and new ones break as soon as they are made. */
  cut(): void {
    this.#line = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * The reply to the next command that holds the text never arrives: its connection breaks instead, though the
   * command is done.
   */
  loseReplyTo(text: string): void {
    this.#fatal = text;
  }

  /** Every reply takes this long, in milliseconds. */
  delay(ms: number): void {
    this.#manner.delayMs = ms;
  }

  /** Replies arrive one byte at a time. */
  sendBytewise(): void {
    this.#manner.isBytewise = true;
  }

  /** So many connections break in the middle of their next reply. */
  cutReplies(connections: number): void {
    this.#manner.cuts = connections;
  }

  /** How many connections have been opened. */
  get connections(): number {
    return this.#connections;
  }

  /** How often the text has gone to the server. */
  timesSent(text: string): number {
    return this.#heard.split(text).length - 1;
  }

  /** Data no longer arrives and neither side is notified, as when a cable is pulled; those connections stay dead. */
  silence(): void {
    this.#line = 'silent';
    for (const socket of this.#sockets) socket.removeAllListeners('data').resume();
  }

  /** New connections lead to another server and those that are open stay, as when a name moves. */
  redirect({ host, port }: { host: string; port: number }): void {
    this.target = { host, port };
  }

  /** New connections work, and replies arrive at once. */
  restore(): void {
    this.#line = 'whole';
    Object.assign(this.#manner, { delayMs: 0, isBytewise: false, cuts: 0 });
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    if (this.#line === 'cut') {
      client.destroy();
      return;
    }
    this.#connections += 1;
    this.#track(client);
    if (this.#line === 'silent') {
      client.resume();
      return;
    }
    const server = connect(this.target);
    this.#track(server);
    let isDoomed = false;
    const replies = new ReplyLine(client, this.#manner);
    this.#pass(client, server, (data) => {
      if (this.records) this.#heard += data.toString('latin1');
      isDoomed ||= this.#isFatal(data);
      server.write(data);
    });
    this.#pass(server, client, (data) => {
      if (isDoomed) server.destroy();
      else replies.send(data);
    });
  }

  #isFatal(data: Buffer): boolean {
    if (this.#fatal === null || !data.includes(this.#fatal)) return false;
    this.#fatal = null;
    return true;
  }

  #pass(from: Socket, to: Socket, forward: (data: Buffer) => void): void {
    from.on('data', forward);
    from.on('close', () => to.destroy());
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay();
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
