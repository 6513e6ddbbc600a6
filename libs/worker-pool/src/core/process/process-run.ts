import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import {
  type ProcessExit,
  ProcessOutputLimitError,
  ProcessStartError,
  ProcessTimeoutError,
  type ProcessTimeoutKind,
} from './errors.js';
import { OutputCollector } from './output-collector.js';
import { endGroup, signalGroup } from './process-group.js';

/** A process to run and its limits. */
export interface ProcessSpec extends ProcessLimits {
  /** Name on the PATH of `env`, or a path. */
  executable: string;
  args: readonly string[];
  cwd: string;
  /** The complete environment; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** Written to stdin, which is then closed. */
  stdin: string;
  /** User that the process runs as; this process's own if absent. Needs the right to change it, and to signal that user's processes. */
  user?: ProcessUser;
  /** Maximum size of stdout, and of stderr, in bytes. */
  maxOutputBytes: number;
  /**
   * Called with each line of stdout as soon as it is complete. A line for which it returns `true` is not kept, and counts
   * towards the limit only by a fraction. `interrupt` sends SIGINT to the process, once; unless it exits within
   * `killGraceMs`, it is ended with its group. That is no failure of the run.
   */
  onLine?: (line: string, interrupt: () => void) => boolean;
  /** Time between SIGTERM and SIGKILL, in milliseconds. */
  killGraceMs: number;
}

/** An operating system's user. */
export interface ProcessUser {
  uid: number;
  gid: number;
}

/** Output and exit of a process. */
export interface ProcessOutput extends ProcessExit {
  stdout: string;
  stderr: string;
}

// After the group has ended, its output is in the pipes and can be read immediately.
const PIPE_MS = 1_000;

/**
 * One child process and its descendants, from the start of the child to the end of the last descendant.
 *
 * The child leads its own process group, so that its descendants can be ended with it, even after it has exited.
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
  #interrupted: NodeJS.Timeout | undefined;

  /** @throws {ProcessStartError} */
  static async start(spec: ProcessSpec): Promise<ProcessRun> {
    const { executable, args, cwd, env, user } = spec;
    try {
      const options = { cwd, env, ...user, detached: true, shell: false, stdio: 'pipe' } as const;
      const child = spawn(executable, args, options);
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

  /** Ends the process and its group; the run fails with the reason of the first call. */
  stop(reason: unknown): void {
    this.#failure ??= { reason };
    this.#announceStop();
  }

  /** Kills the group immediately; for the `exit` event of this process. */
  kill(): void {
    signalGroup(this.#groupId, 'SIGKILL');
  }

  /**
   * Settles when the process has exited, its group has ended and its output has been read. An exit code other than 0
   * is not a failure here.
   */
  async finish(): Promise<ProcessOutput> {
    await Promise.race([this.#exited, this.#stopped]);
    this.#deadlines.clear();
    clearTimeout(this.#interrupted);
    await endGroup(this.#groupId, this.spec.killGraceMs);
    const exit = await this.#exited;
    await this.#drain();
    if (this.#failure) {
      throw this.#failure.reason;
    }
    return { ...exit, stdout: this.#stdout.text(), stderr: this.#stderr.text() };
  }

  #collect(name: 'stdout' | 'stderr'): OutputCollector {
    const { executable, maxOutputBytes, onLine } = this.spec;
    const take = onLine && ((line: string) => onLine(line, () => this.#interrupt()));
    return new OutputCollector(this.#child[name], {
      maxBytes: maxOutputBytes,
      onLine: name === 'stdout' ? take : undefined,
      onData: () => this.#deadlines.touch(),
      onOverflow: () => this.stop(new ProcessOutputLimitError(executable, name, maxOutputBytes)),
    });
  }

  #interrupt(): void {
    if (!this.#interrupted) {
      this.#child.kill('SIGINT');
      this.#interrupted = setTimeout(this.#announceStop, this.spec.killGraceMs);
    }
  }

  #feed(): void {
    // EPIPE: the child may succeed or fail without reading all of its input.
    this.#child.stdin.on('error', () => {});
    this.#child.stdin.end(this.spec.stdin);
  }

  /** Does not wait for a process that left the group and keeps the pipes open. */
  async #drain(): Promise<void> {
    const timer = new AbortController();
    const late = delay(PIPE_MS, undefined, { signal: timer.signal }).then(
      // After a long pause, the event loop runs timers before it reads the pipes; this reads them first.
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

/** Time limits, in milliseconds. */
export interface ProcessLimits {
  wallTimeoutMs: number;
  idleTimeoutMs: number;
}

/** The timers of a process: one for its whole run, one since its last output. */
export class ProcessDeadlines {
  readonly #wall: NodeJS.Timeout;
  readonly #idle: NodeJS.Timeout;

  constructor(
    { wallTimeoutMs, idleTimeoutMs }: ProcessLimits,
    onExpiry: (kind: ProcessTimeoutKind, timeoutMs: number) => void,
  ) {
    this.#wall = setTimeout(() => onExpiry('wall', wallTimeoutMs), wallTimeoutMs);
    this.#idle = setTimeout(() => onExpiry('idle', idleTimeoutMs), idleTimeoutMs);
  }

  /** Restarts the idle timer after output. */
  touch(): void {
    this.#idle.refresh();
  }

  clear(): void {
    clearTimeout(this.#wall);
    clearTimeout(this.#idle);
  }
}
