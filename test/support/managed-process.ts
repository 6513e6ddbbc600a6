/**
 * A child process that a test can watch, signal and end, and that never outlives the test run.
 *
 *   const child = new ManagedProcess('redis-server', ['--port', '0'], { env: {} });
 *   await child.waitForLine(/Ready/);
 *   await child.stop();
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, on } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { protect } from './reaper-client.js';
import { within } from './until.js';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ManagedProcessOptions {
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const MAX_LINES = 20_000;
const TAIL_LINES = 20;
const DEFAULT_LINE_TIMEOUT_MS = 30_000;
const DEFAULT_GRACE_MS = 5_000;
const KILL_TIMEOUT_MS = 10_000;
const LEFT_OPEN_OUTPUT_MS = 1_000;

export class ManagedProcess {
  /** Settles when the process has ended and its output was read to the end; never rejects. */
  readonly exited: Promise<ExitStatus>;

  private readonly child: ChildProcess;
  private readonly name: string;
  private readonly events = new EventEmitter();
  private readonly outLines: string[] = [];
  private readonly errLines: string[] = [];
  private status: ExitStatus | undefined;
  private spawnError: Error | undefined;

  constructor(command: string, args: readonly string[], options: ManagedProcessOptions) {
    this.name = [command, ...args.slice(0, 1)].map((part) => basename(part)).join(' ');
    this.child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.events.setMaxListeners(0);
    this.collect(this.child.stdout, this.outLines);
    this.collect(this.child.stderr, this.errLines);
    this.child.on('error', (error) => {
      this.spawnError = error;
    });
    this.exited = this.watchExit();
  }

  /** Throws when the process could not be started at all. */
  get pid(): number {
    if (this.child.pid === undefined) throw new Error(this.describe('was not started'));
    return this.child.pid;
  }

  /** Set once the process has ended. */
  get exitStatus(): ExitStatus | undefined {
    return this.status;
  }

  /** What it has written so far, at most the last 20,000 lines. */
  get stdout(): string {
    return this.outLines.join('\n');
  }

  get stderr(): string {
    return this.errLines.join('\n');
  }

  /**
   * The first line of stdout or stderr, already written or yet to come, that matches.
   * Throws, with the end of the output, when the process ends or the time (default 30 s) is over first.
   */
  async waitForLine(pattern: RegExp, timeoutMs: number = DEFAULT_LINE_TIMEOUT_MS): Promise<string> {
    const matches = (line: string): boolean => line.search(pattern) >= 0;
    const seen = [...this.outLines, ...this.errLines].find(matches);
    if (seen !== undefined) return seen;
    if (this.status !== undefined) throw new Error(this.describe(`ended before a line matched ${pattern}`));
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      for await (const [line] of on(this.events, 'line', { signal, close: ['ended'] })) {
        if (matches(line)) return line;
      }
    } catch (error) {
      throw new Error(this.describe(`wrote no line that matches ${pattern} in ${timeoutMs} ms`), {
        cause: error,
      });
    }
    throw new Error(this.describe(`ended before a line matched ${pattern}`));
  }

  /** False when the process is not there to get it. */
  signal(signal: NodeJS.Signals): boolean {
    return this.child.kill(signal);
  }

  async kill(): Promise<ExitStatus> {
    this.signal('SIGKILL');
    return within(this.exited, { timeoutMs: KILL_TIMEOUT_MS, what: `${this.name} to end after SIGKILL` });
  }

  /** SIGTERM, and SIGKILL when it is still there after the grace time (default 5 s). */
  async stop(graceMs: number = DEFAULT_GRACE_MS): Promise<ExitStatus> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    try {
      return await within(this.exited, { timeoutMs: graceMs, what: `${this.name} to end after SIGTERM` });
    } catch {
      return this.kill();
    }
  }

  private collect(stream: Readable | null, lines: string[]): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > MAX_LINES) lines.shift();
      this.events.emit('line', line);
    });
  }

  private async watchExit(): Promise<ExitStatus> {
    const release = this.child.pid === undefined ? () => undefined : protect(this.child.pid);
    return new Promise((resolve) => {
      this.child.once('exit', () => {
        release();
        this.closeOutputSoon();
      });
      this.child.once('close', (code, signal) => {
        this.status = { code, signal };
        this.events.emit('ended');
        resolve(this.status);
      });
    });
  }

  /** A grandchild that inherited the output may keep it open long after the process itself has ended. */
  private closeOutputSoon(): void {
    const closeOutput = (): void => {
      this.child.stdout?.destroy();
      this.child.stderr?.destroy();
    };
    // After a pause of this process there may be output that has yet to be read: that first.
    const timer = setTimeout(() => setImmediate(closeOutput), LEFT_OPEN_OUTPUT_MS);
    this.child.once('close', () => clearTimeout(timer));
  }

  private describe(what: string): string {
    const outcome = this.spawnError?.message ?? JSON.stringify(this.status ?? 'still running');
    const tail = [...this.outLines, ...this.errLines].slice(-TAIL_LINES).join('\n');
    return `${this.name} ${what} (${outcome}); its last output:\n${tail}`;
  }
}
