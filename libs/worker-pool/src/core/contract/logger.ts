/**
 * Receives the log lines of a pool. Nest's `Logger` class fits as it is: `createWorkerPool({ logger: Logger, … })`;
 * `WorkerPoolModule` passes it by default.
 */
export interface PoolLogger {
  /** @param context origin of the line: `WorkerPool` or the name of an executor's class */
  warn(message: string, context: string): void;
  /** @param stack frames of the error's stack, without its message; may be empty */
  error(message: string, stack: string, context: string): void;
}

/** Writes to stderr by `console`. */
export const consoleLogger: PoolLogger = {
  warn: (message, context) => console.warn(`[${context}] ${message}`),
  error: (message, stack, context) => console.error(`[${context}] ${message}${stack && `\n${stack}`}`),
};
