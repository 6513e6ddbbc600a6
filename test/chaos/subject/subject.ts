import type { RedisConnectionOptions } from 'nestjs-redis-connection';
import { type ManagedProcess, spawnNode, within } from '@test/support/index.js';
import type { Data } from '../promise.js';
import type { ByOperation, Outcome } from './steps.js';

const LOADER = './test/support/typescript.mjs';
const MAIN = 'test/chaos/subject/main.ts';
const EXIT_LIMIT_MS = 15_000;

/** The process that uses the libraries, as the test sees it. See `main.ts`. */
export class Subject {
  private constructor(
    private readonly process: ManagedProcess,
    private readonly url: string,
  ) {}

  static async start(connection: RedisConnectionOptions, deadlineMs: number): Promise<Subject> {
    const process = spawnNode(MAIN, {
      nodeArgs: ['--import', LOADER],
      args: [JSON.stringify({ connection, deadlineMs })],
      env: { NO_COLOR: '1' },
    });
    const line = await process.waitForLine(/^Listening on /);
    return new Subject(process, line.replace('Listening on ', ''));
  }

  open = (): Promise<void> => this.#step('open');
  prepare = (): Promise<void> => this.#step('prepare');
  call = (calls: number): Promise<ByOperation<Outcome>> => this.#step('call', calls);
  recover = (data: Data): Promise<ByOperation<unknown>> => this.#step('recover', data);
  lost = (): Promise<ByOperation<unknown[]>> => this.#step('lost');
  close = (): Promise<ByOperation<string[]>> => this.#step('close');

  /** Whether the name of Redis resolves. */
  resolve = (isKnown: boolean): Promise<void> => this.#step('resolve', isKnown);

  /** Sets the wall clock of the program to so much beside the real one. */
  shiftClock = (byMs: number): Promise<void> => this.#step('shiftClock', byMs);

  /** Lets the process end by itself; returns everything that went wrong beside the operations. */
  async end(): Promise<string[]> {
    const unhandled = await this.#step<string[]>('end');
    const exit = await within(this.process.exited, {
      what: 'the program to end by itself: a handle keeps it alive',
      timeoutMs: EXIT_LIMIT_MS,
    }).catch((error: Error) => ({ code: error.message }));
    const problems = exit.code === 0 ? [] : [`exit: ${exit.code}`];
    return [...unhandled, ...problems, ...this.process.stderr.split('\n').filter(Boolean)];
  }

  async kill(): Promise<void> {
    await this.process.kill();
  }

  async #step<T>(name: string, argument: unknown = null): Promise<T> {
    const response = await fetch(`${this.url}/${name}`, { method: 'POST', body: JSON.stringify(argument) });
    if (response.status !== 200) throw new Error(`${name}: ${await response.text()}\n${this.process.stderr}`);
    return (await response.json()) as T;
  }
}
