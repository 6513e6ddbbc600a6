import type { TaskResult } from '../contract/task.js';

/** Counters of a worker since its last report. */
export interface WorkerCounts {
  completed: number;
  failed: number;
  timedOut: number;
  /** Number of ended runs. */
  ended: number;
  /** Their total duration, in milliseconds. */
  serviceMs: number;
}

/** A heartbeat of a worker. */
export interface WorkerReport extends WorkerCounts {
  workerId: string;
  /** How long the worker counts as alive from now, in milliseconds; 0 when it leaves. */
  aliveMs: number;
  concurrency: number;
  lingering: number;
  globalConcurrency: number | undefined;
}

/** Collects what is reported to Redis every second rather than with each task. */
export class WorkerCounters {
  #counts = zeroCounts();

  ran(durationMs: number): void {
    this.#counts.ended += 1;
    this.#counts.serviceMs += durationMs;
  }

  /** Killed tasks are counted by the script that stops them. */
  ended({ status }: TaskResult): void {
    this.#counts.completed += Number(status === 'completed');
    this.#counts.failed += Number(status === 'failed');
    this.#counts.timedOut += Number(status === 'timeout');
  }

  /** Returns the counts and resets them. */
  take(): WorkerCounts {
    const counts = this.#counts;
    this.#counts = zeroCounts();
    return counts;
  }

  /** Adds counts again that could not be reported. */
  restore(counts: WorkerCounts): void {
    for (const name of Object.keys(counts) as (keyof WorkerCounts)[]) {
      this.#counts[name] += counts[name];
    }
  }
}

const zeroCounts = (): WorkerCounts => ({ completed: 0, failed: 0, timedOut: 0, ended: 0, serviceMs: 0 });
