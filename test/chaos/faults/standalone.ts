import type { Redis } from 'ioredis';
import type { RedisConnectionOptions } from 'nestjs-redis-connection';
import { CutProxy, RedisServer } from '@test/support/index.js';
import { REDIS_NAME } from '../subject/machine.js';
import type { World } from './fault.js';

export const PASSWORD = 'first-secret';
const USER = 'app';

/** One server that forgets nothing when it is killed, behind a proxy. */
export class Standalone implements World {
  private constructor(
    readonly server: RedisServer,
    readonly proxy: CutProxy,
    /** A client for what operators do. */
    readonly admin: Redis,
    private readonly credentials: Partial<RedisConnectionOptions>,
  ) {}

  static async start(this: void): Promise<Standalone> {
    return Standalone.with({});
  }

  /** The program presents the password of the default user. */
  static async withPassword(this: void): Promise<Standalone> {
    const world = await Standalone.with({ password: PASSWORD });
    await world.admin.config('SET', 'requirepass', PASSWORD);
    return world;
  }

  /** The program is a user whose rights can change. */
  static async withUser(this: void): Promise<Standalone> {
    const world = await Standalone.with({ username: USER, password: PASSWORD });
    await world.admin.acl('SETUSER', USER, 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
    return world;
  }

  private static async with(credentials: Partial<RedisConnectionOptions>): Promise<Standalone> {
    const extraArgs = ['--appendfsync', 'always', '--enable-debug-command', 'yes'];
    const server = await RedisServer.start({ appendonly: true, extraArgs });
    return new Standalone(server, await CutProxy.start(server), server.client(), credentials);
  }

  get connection(): RedisConnectionOptions {
    return { host: REDIS_NAME, port: this.proxy.address.port, ...this.credentials };
  }

  /** Adds or removes rights of the program. */
  async change(...rights: string[]): Promise<void> {
    await this.admin.acl('SETUSER', USER, ...(rights as [string]));
  }

  /** Its next connections must authenticate. */
  async disconnectProgram(): Promise<void> {
    await this.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await this.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.server.stop();
  }
}
