/**
 * One name for a master and its replica, as the primary endpoint of a cloud or a Kubernetes Service. A fail-over swaps
 * the roles; connections that are open stay with the old master, which has become read-only.
 *
 *   const name = await MovingName.start();
 *   await name.demote();                // the name still leads to the old master, now a replica
 *   name.move();                        // new connections lead to the new master
 *   await name.stop();
 */
import { CutProxy } from './cut-proxy.js';
import { RedisServer } from './redis-server.js';
import { until } from './until.js';

export class MovingName {
  private constructor(
    readonly proxy: CutProxy,
    /** The master at the start. */
    readonly old: RedisServer,
    /** The master after the fail-over. */
    readonly next: RedisServer,
  ) {}

  static async start(): Promise<MovingName> {
    const old = await RedisServer.start();
    const next = await RedisServer.start({ replicaOf: { port: old.port } });
    const follower = next.client();
    await until(async () => (await follower.info('replication')).includes('master_link_status:up'), {
      what: 'the replica to be in sync',
    });
    return new MovingName(await CutProxy.start(old), old, next);
  }

  /** What a client is given. */
  get address(): { host: string; port: number } {
    return this.proxy.address;
  }

  /** Swaps the roles. The old master loses sight of the new one, so that it serves what it had. */
  async demote(): Promise<void> {
    await this.old.client().wait(1, 5_000);
    await this.next.client().replicaof('NO', 'ONE');
    await this.old.client().replicaof(this.old.host, '1');
  }

  move(): void {
    this.proxy.redirect(this.next);
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.next.stop();
    await this.old.stop();
  }
}
