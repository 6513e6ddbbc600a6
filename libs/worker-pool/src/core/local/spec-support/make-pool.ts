import type { Completion, CompletionRequest } from '../../contract/completion-request.js';
import { Executor } from '../../contract/executor.js';
import { resolveLocalOptions } from '../../options/worker-pool-options.schema.js';
import type { LocalPoolOptions } from '../../options/worker-pool-options.js';
import { LocalWorkerPool } from '../local-worker-pool.js';
import { ControlledExecutor } from './controlled-executor.js';

type Limits = Omit<LocalPoolOptions, 'executor' | 'driver'>;

interface ControlledPool {
  pool: LocalWorkerPool;
  executor: ControlledExecutor;
}

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
