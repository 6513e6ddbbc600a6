import type { Completion, CompletionRequest } from '../../contract/completion-request.js';
import { Executor } from '../../contract/executor.js';
import {
  type LocalPoolOptions,
  type ResolvedLocalOptions,
  resolveWorkerPoolOptions,
} from '../../options/pool-options.js';
import { LocalWorkerPool } from '../local-worker-pool.js';
import { ControlledExecutor } from './controlled-executor.js';

type Limits = Omit<LocalPoolOptions, 'executor' | 'driver'>;

interface ControlledPool {
  pool: LocalWorkerPool;
  executor: ControlledExecutor;
}

const resolveLocalOptions = (options: LocalPoolOptions): ResolvedLocalOptions =>
  resolveWorkerPoolOptions(options) as ResolvedLocalOptions;

export function makePool(limits: Limits = {}, executor = new ControlledExecutor()): ControlledPool {
  return { pool: new LocalWorkerPool(resolveLocalOptions({ executor, ...limits })), executor };
}

/** A pool whose executor does what the function does. */
export function poolOf(
  execute: (request: CompletionRequest) => unknown,
  limits: Limits = {},
): LocalWorkerPool {
  class FunctionExecutor extends Executor {
    readonly name = 'function';
    validate(): void {}
    resolveModel(): string {
      return 'function-1';
    }
    execute(request: CompletionRequest): Promise<Completion> {
      return execute(request) as Promise<Completion>;
    }
  }
  return new LocalWorkerPool(resolveLocalOptions({ executor: new FunctionExecutor(), ...limits }));
}
