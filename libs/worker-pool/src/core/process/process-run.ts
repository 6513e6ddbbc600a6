import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { ProcessExit } from '../errors/process-exit.error.js';
import { ProcessOutputLimitError } from '../errors/process-output-limit.error.js';
import { ProcessStartError } from '../errors/process-start.error.js';
import { ProcessTimeoutError } from '../errors/process-timeout.error.js';
import { OutputCollector } from './output-collector.js';
import { ProcessDeadlines, type ProcessLimits } from './process-deadlines.js';
import { endGroup, signalGroup } from './process-group.js';

/** A process to run, and its limits. */
export interface ProcessSpec extends ProcessLimits {
  /** Name on the PATH of `env`, or a path. */
  executable: string;
  args: readonly string[];
  cwd: string;
  /** The whole environment; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** Written to stdin, which is then closed. */
  stdin: string;
  /** Most bytes on stdout, and on stderr. */
  maxOutputBytes: number;
  /** Time between SIGTERM and SIGKILL, in milliseconds. */
  killGraceMs: number;
}

/** What a process wrote, and how it ended. */
export interface ProcessOutput extends ProcessExit {
  stdout: string;
  stderr: string;
}

// With the group gone, what it wrote is in the pipes; reading it takes no time worth mentioning.
const PIPE_MS = 1_000;

/**
 * One child process and its descendants: from the start to the last of them.
 *
 * The child leads a process group of its own, so that its descendants can be ended with it, also when it
 * has gone before them.
 */
export class ProcessRun {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #groupId: number;
  readonly #stdout: OutputCollector;
  readonly #stderr: OutputCollector;
  readonly #deadlines: ProcessDeadlines;
  readonly #exited: Promise<ProcessExit>;
  readonly #closed: Promise<unknown>;
  readonly #stopped: Promise<void>;
  #announceStop: () => void = () => {};
  #failure: { reason: unknown } | undefined;

  /** @throws {ProcessStartError} */
  static async start(spec: ProcessSpec): Promise<ProcessRun> {
    const { executable, args, cwd, env } = spec;
    try {
      const child = spawn(executable, args, { cwd, env, detached: true, shell: false, stdio: 'pipe' });
      await once(child, 'spawn');
      return new ProcessRun(child, spec);
    } catch (cause) {
      throw new ProcessStartError(executable, cause);
    }
  }

  private constructor(
    child: ChildProcessWithoutNullStreams,
    private readonly spec: ProcessSpec,
  ) {
    this.#child = child;
    this.#groupId = Number(child.pid);
    this.#exited = new Promise((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    this.#closed = new Promise((resolve) => child.once('close', resolve));
    this.#stopped = new Promise((resolve) => {
      this.#announceStop = resolve;
    });
    child.on('error', (error) => this.stop(error));
    this.#stdout = this.#collect('stdout');
    this.#stderr = this.#collect('stderr');
    this.#deadlines = new ProcessDeadlines(spec, (kind, timeoutMs) => {
      this.stop(new ProcessTimeoutError(spec.executable, kind, timeoutMs));
    });
    this.#feed();
  }

  /** Ends the process and its group; the run fails with the first reason given. */
  stop(reason: unknown): void {
    this.#failure ??= { reason };
    this.#announceStop();
  }

  /** Ends the group at once, for the moment when this process itself is exiting. */
  kill(): void {
    signalGroup(this.#groupId, 'SIGKILL');
  }

  /**
   * Resolves or rejects when the process has exited, its group is gone and its output is read; an exit
   * code other than 0 is no failure here.
   */
  async finish(): Promise<ProcessOutput> {
    await Promise.race([this.#exited, this.#stopped]);
    this.#deadlines.clear();
    await endGroup(this.#groupId, this.spec.killGraceMs);
    const exit = await this.#exited;
    await this.#drain();
    if (this.#failure) {
      throw this.#failure.reason;
    }
    return { ...exit, stdout: this.#stdout.text(), stderr: this.#stderr.text() };
  }

  #collect(name: 'stdout' | 'stderr'): OutputCollector {
    const { executable, maxOutputBytes } = this.spec;
    return new OutputCollector(this.#child[name], maxOutputBytes, {
      onData: () => this.#deadlines.touch(),
      onOverflow: () => this.stop(new ProcessOutputLimitError(executable, name, maxOutputBytes)),
    });
  }

  #feed(): void {
    // EPIPE: the child may answer, or fail, without reading all of its input.
    this.#child.stdin.on('error', () => {});
    this.#child.stdin.end(this.spec.stdin);
  }

  /** A process that left the group may hold the pipes open; it is not waited for. */
  async #drain(): Promise<void> {
    const timer = new AbortController();
    const late = delay(PIPE_MS, undefined, { signal: timer.signal }).then(
      // After a long pause of the event loop the clock is looked at first, then what is in the pipes.
      () => nextTurn(),
      () => {},
    );
    await Promise.race([this.#closed, late]);
    timer.abort();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      stream.destroy();
    }
  }
}
