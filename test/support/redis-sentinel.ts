/**
 * A master, a replica, and one to three sentinels that watch over them.
 *
 *   const setUp = await RedisSentinels.start({ sentinels: 3, quorum: 2 });
 *   new Redis({ sentinels: setUp.sentinels, name: setUp.masterName });
 *   const failover = setUp.awaitFailover();
 *   await setUp.master.kill();
 *   const { port } = await failover;                   // the old replica's
 *   await setUp.stop();
 */
import { EventEmitter, once } from 'node:events';
import { RedisServer } from './redis-server.js';
import { startAll, stopAll } from './start-all.js';
import { until, within } from './until.js';

export interface RedisSentinelsOptions {
  /** Default 1. */
  readonly sentinels?: 1 | 2 | 3;
  /** How many sentinels must hold the master for dead. Default: the majority. */
  readonly quorum?: number;
  /** For master and replica. */
  readonly password?: string;
  /** How long the master may be silent, in milliseconds. Default 1,000. */
  readonly downAfterMs?: number;
  /** No two fail-overs within twice this time, in milliseconds. Default 3,000. */
  readonly failoverTimeoutMs?: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

const MASTER_NAME = 'test-master';
const READY_TIMEOUT_MS = 20_000;
const FAILOVER_TIMEOUT_MS = 20_000;

export class RedisSentinels {
  readonly masterName = MASTER_NAME;
  private readonly events = new EventEmitter();

  private constructor(
    /** The server that was the master at the start. */
    readonly master: RedisServer,
    /** The server that was the replica at the start. */
    readonly replica: RedisServer,
    /** The sentinels themselves, to be paused or killed. */
    readonly sentinelServers: readonly RedisServer[],
  ) {}

  static async start(options: RedisSentinelsOptions = {}): Promise<RedisSentinels> {
    const { password, sentinels = 1 } = options;
    const master = await RedisServer.start({ password });
    const started: RedisServer[] = [master];
    try {
      const replica = await RedisServer.start({ password, replicaOf: { port: master.port } });
      started.push(replica);
      // A sentinel asks the master for its replicas at once and then only every ten seconds.
      await untilReplicating(replica, master);
      const sentinelServers = await startAll(sentinels, () => startSentinel(master, options));
      started.push(...sentinelServers);
      const setUp = new RedisSentinels(master, replica, sentinelServers);
      await setUp.listen();
      return setUp;
    } catch (error) {
      await stopAll(started);
      throw error;
    }
  }

  /** What a client wants to be given as `sentinels`, beside `masterName` as `name`. */
  get sentinels(): Address[] {
    return this.sentinelServers.map(({ host, port }) => ({ host, port }));
  }

  /** The address of the next new master. Call it before what causes the fail-over. */
  async awaitFailover(timeoutMs: number = FAILOVER_TIMEOUT_MS): Promise<Address> {
    const [address] = await within(once(this.events, 'switch'), { timeoutMs, what: '+switch-master' });
    return address;
  }

  async stop(): Promise<void> {
    await stopAll([...this.sentinelServers, this.replica, this.master]);
  }

  private async listen(): Promise<void> {
    const others = this.sentinelServers.length - 1;
    for (const sentinel of this.sentinelServers) {
      await untilInformed(sentinel, others);
      const subscriber = sentinel.client();
      subscriber.on('message', (_channel, message: string) => this.announce(message));
      await subscriber.subscribe('+switch-master');
    }
  }

  private announce(message: string): void {
    const [, , , host, port] = message.split(' ');
    this.events.emit('switch', { host, port: Number(port) });
  }
}

async function startSentinel(master: RedisServer, options: RedisSentinelsOptions): Promise<RedisServer> {
  const { sentinels = 1, downAfterMs = 1_000, failoverTimeoutMs = 3_000 } = options;
  const { quorum = Math.floor(sentinels / 2) + 1 } = options;
  const { host, port, password } = master;
  const watched = { host, port, password };
  return RedisServer.start({
    sentinel: { masterName: MASTER_NAME, master: watched, quorum, downAfterMs, failoverTimeoutMs },
  });
}

async function untilReplicating(replica: RedisServer, master: RedisServer): Promise<void> {
  const [ofReplica, ofMaster] = [replica.client(), master.client()];
  await until(
    async () =>
      (await ofReplica.info('replication')).includes('master_link_status:up') &&
      (await ofMaster.info('replication')).includes('state=online'),
    { timeoutMs: READY_TIMEOUT_MS, what: 'the replica to be in sync' },
  );
}

async function untilInformed(sentinel: RedisServer, otherSentinels: number): Promise<void> {
  const client = sentinel.client();
  const wanted = `slaves=1,sentinels=${otherSentinels + 1}`;
  await until(async () => (await client.info('sentinel')).includes(wanted), {
    timeoutMs: READY_TIMEOUT_MS,
    what: `the sentinel on port ${sentinel.port} to report ${wanted}`,
  });
}
