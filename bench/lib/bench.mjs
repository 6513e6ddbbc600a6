import { resolve } from 'node:path';
import { contenders } from '../contenders/index.mjs';
import { ContenderProcess } from './contender-process.mjs';
import { startRedis } from './redis-server.mjs';

/** Long enough that nothing expires during a measurement. */
const TTL_SECONDS = 3_600;

/** Starts the processes and servers that scenarios need, and ends all of them, however the scenarios end. */
export class Bench {
  #processes = new Set();
  #servers = new Set();
  #started = 0;
  /** Set when everything is being ended; calls that fail from then on fail because of that. */
  ending = false;

  /**
   * @param {{ quick: boolean, profile: string | undefined, peers: boolean }} options
   */
  constructor(options) {
    this.options = options;
    this.contenders = contenders.filter(({ library }) => options.peers || !library);
  }

  /** Picks a number by the time available. */
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

  /**
   * Starts a process with the contender; `operations` are the names of the operations that it offers, `setupMs` is how
   * long importing and connecting took.
   */
  async start(contender, { redis, near = false, label }) {
    this.#started += 1;
    const process = new ContenderProcess(
      contender,
      this.#profiling(`${label}-${contender.name}-${this.#started}`),
    );
    this.#processes.add(process);
    const prefix = `bench-${label}-${contender.name.replaceAll(' ', '-')}`;
    const context = { redisUrl: redis.url, prefix, near, ttlSeconds: TTL_SECONDS };
    const { operations, setupMs } = await process.call('setup', { name: contender.name, context });
    return { process, operations, setupMs };
  }

  /** Registers a process that a scenario started itself, an object with `kill()` and `end()`, to be ended. */
  adopt(process) {
    this.#processes.add(process);
    return process;
  }

  async end(process) {
    await process.end();
    this.#processes.delete(process);
  }

  /** Kills everything without waiting for measurements. */
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
