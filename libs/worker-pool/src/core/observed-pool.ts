import type { CompletionRequest } from './contract/completion-request.js';
import type { PoolHealth, PoolStats, TaskResult, TaskSnapshot } from './contract/task.js';
import {
  type GetResultOptions,
  type RunOptions,
  type SubmitOptions,
  type TaskStream,
  type WatchOptions,
  WorkerPool,
} from './contract/worker-pool.js';
import { isObserved, PoolOperation, type PoolOperationName } from './telemetry/operation.js';

/** A pool that publishes its operations while somebody subscribes to them. */
export class ObservedPool extends WorkerPool {
  /** @param queue name of the queue of a pool over BullMQ */
  constructor(
    private readonly pool: WorkerPool,
    private readonly queue?: string,
  ) {
    super();
  }

  get executorName(): string {
    return this.pool.executorName;
  }

  resolveModel(model?: string): string {
    return this.pool.resolveModel(model);
  }

  override start(): void {
    this.pool.start();
  }

  validate(request: CompletionRequest): void {
    this.pool.validate(request);
  }

  submit(request: CompletionRequest, options?: SubmitOptions): Promise<string> {
    const submit = (): Promise<string> => this.pool.submit(request, options);
    return isObserved() ? this.#operation('submit').observe(submit, () => 'ok') : submit();
  }

  run(request: CompletionRequest, options?: RunOptions): Promise<TaskResult> {
    const run = (): Promise<TaskResult> => this.pool.run(request, options);
    return isObserved() ? this.#operation('run').observeTask(run) : run();
  }

  stream(request: CompletionRequest, options?: RunOptions): Promise<TaskStream> {
    const stream = (): Promise<TaskStream> => this.pool.stream(request, options);
    return isObserved() ? this.#operation('stream').observe(stream, () => 'ok') : stream();
  }

  getResult(taskId: string, options?: GetResultOptions): Promise<TaskResult> {
    const wait = (): Promise<TaskResult> => this.pool.getResult(taskId, options);
    return isObserved() ? this.#operation('getResult').observeTask(wait) : wait();
  }

  cancel(taskId: string): Promise<boolean> {
    const cancel = (): Promise<boolean> => this.pool.cancel(taskId);
    if (!isObserved()) return cancel();
    return this.#operation('cancel').observe(cancel, (isDone) => (isDone ? 'ok' : 'unknown'));
  }

  getTask(taskId: string): Promise<TaskSnapshot | null> {
    return this.pool.getTask(taskId);
  }

  watchTask(taskId: string, options?: WatchOptions): AsyncIterable<TaskSnapshot> {
    return this.pool.watchTask(taskId, options);
  }

  stats(): Promise<PoolStats> {
    return this.pool.stats();
  }

  health(): Promise<PoolHealth> {
    return this.pool.health();
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  #operation(name: PoolOperationName): PoolOperation {
    return new PoolOperation(name, this.pool.executorName, this.queue);
  }
}
