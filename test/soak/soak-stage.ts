import type { Redis } from 'ioredis';
import { CutProxy, type ManagedProcess, RedisServer, spawnNode } from '@test/support/index.js';
import { resolve } from 'node:path';
import { Subject } from './subject.js';

const TRAFFIC = 'test/soak/traffic.mjs';
const WORKER = 'apps/gateway/dist/worker.js';
const GATEWAY = 'apps/gateway/dist/main.js';
/** Operations per second of each process with traffic of its own. */
const RATE = 40;

/** Everything that runs during a soak: one Redis behind a proxy, the sampled processes, and two that get killed. */
export class SoakStage {
  readonly subjects: readonly Subject[];
  readonly gatewayUrl: Promise<string>;
  readonly redis: Redis;
  #mortals: ManagedProcess[] = [];
  #started = 0;

  private constructor(
    readonly server: RedisServer,
    readonly proxy: CutProxy,
    private readonly seed: number,
  ) {
    const gateway = new Subject('gateway', GATEWAY, { ...this.#gatewayEnv, PORT: '0' });
    this.gatewayUrl = gateway.process
      .waitForLine(/^Listening on http:\S+/)
      .then((line) => line.replace('Listening on ', '').trim());
    this.subjects = [
      new Subject('library', TRAFFIC, this.#trafficEnv('library')),
      gateway,
      new Subject('worker', WORKER, this.#gatewayEnv),
    ];
    this.redis = server.client();
  }

  static async start(seed: number): Promise<SoakStage> {
    const server = await RedisServer.start({ appendonly: true });
    const stage = new SoakStage(server, await CutProxy.start(server, { records: false }), seed);
    await Promise.all([
      stage.gatewayUrl,
      stage.subjects[0]!.process.waitForLine(/^ready/),
      stage.subjects[2]!.process.waitForLine(/^Working/),
      stage.replaceMortals(),
    ]);
    return stage;
  }

  /** Kills the processes that may be killed, and starts others in their place. */
  async replaceMortals(): Promise<void> {
    const former = this.#mortals;
    this.#started += 1;
    const nodeArgs = ['--expose-gc'];
    const traffic = spawnNode(resolve(TRAFFIC), {
      env: this.#trafficEnv('mortal'),
      nodeArgs,
    });
    const worker = spawnNode(resolve(WORKER), { env: this.#gatewayEnv });
    this.#mortals = [traffic, worker];
    await Promise.all(former.map((process) => process.kill()));
    await Promise.all([traffic.waitForLine(/^ready/), worker.waitForLine(/^Working/)]);
  }

  /** Ends all traffic by SIGTERM. Returns which sampled processes did not end by themselves, without an error. */
  async stop(): Promise<string[]> {
    const ends = await Promise.all(
      this.subjects.map(async ({ name, process }) => {
        const { code, signal } = await process.stop(30_000);
        return code === 0 || signal === 'SIGTERM' ? [] : [`${name} ended with ${code ?? signal}`];
      }),
    );
    await Promise.all(this.#mortals.map((process) => process.kill()));
    await this.proxy.stop();
    await this.server.stop();
    return ends.flat();
  }

  get #url(): string {
    return `redis://127.0.0.1:${this.proxy.address.port}`;
  }

  get #gatewayEnv(): Record<string, string> {
    return {
      REDIS_URL: this.#url,
      LOG_LEVEL: 'fatal',
      WORKER_POOL: 'bullmq',
      WORKER_CONCURRENCY: '4',
      CACHE_TTL_SECONDS: '5',
      CACHE_STALE_SECONDS: '5',
      QUEUE_LEASE_SECONDS: '2',
      TASK_RESULT_TTL_MS: '10000',
      RATE_LIMIT_PER_MINUTE: '1000000',
      SHUTDOWN_GRACE_MS: '0',
    };
  }

  #trafficEnv(name: string): Record<string, string> {
    const scenario = { url: this.#url, seed: this.seed + this.#started, rate: RATE, name };
    return { SCENARIO: JSON.stringify(scenario) };
  }
}
