import { resolve } from 'node:path';
import { contenders } from '../contenders/index.mjs';
import { ContenderProcess } from './contender-process.mjs';
import { startRedis } from './redis-server.mjs';

/** Long enough that nothing expires while it is measured. */
const TTL_SECONDS = 3_600;

/** What scenarios work with: it starts what they need, and ends all of it however they end. */
export class Bench {
  #processes = new Set();
  #servers = new Set();
  #started = 0;
  /** Set once everything is being ended: calls that fail from then on do so because of it. */
  ending = false;

  /**
   * @param {{ quick: boolean, profile: string | undefined, contenders: string | undefined }} options
   */
  constructor(options) {
    this.options = options;
    this.contenders = contenders;
  }

  /** Picks a number by how much time there is. */
  effort(usual, quick) {
    return this.options.quick ? quick : usual;
  }

  async startRedis() {
    const server = await startRedis();
    this.#servers.add(server);
    return server;
  }

  async endRedis(server) {
    this.#servers.delete(server);
    await server.end();
  }

  /** A process with the contender set up in it; `operations` are the names of what it offers. */
  async start(contender, { redis, near = false, label }) {
    this.#started += 1;
    const process = new ContenderProcess(
      contender,
      this.#profiling(`${label}-${contender.name}-${this.#started}`),
    );
    this.#processes.add(process);
    const prefix = `bench-${label}-${contender.name.replaceAll(' ', '-')}`;
    const context = { redisUrl: redis.url, prefix, near, ttlSeconds: TTL_SECONDS };
    const { operations } = await process.call('setup', { name: contender.name, context });
    return { process, operations };
  }

  /** Takes care of a process that a scenario started by itself: something with `kill()` and `end()`. */
  adopt(process) {
    this.#processes.add(process);
    return process;
  }

  async end(process) {
    await process.end();
    this.#processes.delete(process);
  }

  /** Ends everything; those that measure are not asked. */
  async endAll() {
    this.ending = true;
    for (const process of this.#processes) process.kill();
    await Promise.all([...this.#servers].map((server) => this.endRedis(server)));
  }

  #profiling(name) {
    const { profile } = this.options;
    if (profile === undefined) return [];
    const file = `${name.replaceAll(/[^\w-]+/g, '-')}.cpuprofile`;
    return ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`, `--cpu-prof-name=${file}`];
  }
}
