import { ClaudeCliExecutor, type Executor, OfflineExecutor } from 'nestjs-worker-pool';
import type { DemoConfig } from './demo-config.js';

// The pool's time limit comes first: it is the one that callers are told of.
const BACKSTOP_MS = 5_000;

/** The executor that `WORKER_EXECUTOR` names. */
export function createExecutor(config: DemoConfig): Executor {
  if (config.WORKER_EXECUTOR === 'offline') return new OfflineExecutor();
  return new ClaudeCliExecutor({
    executable: config.CLAUDE_CLI_PATH,
    wallTimeoutMs: config.TASK_TIMEOUT_MS + BACKSTOP_MS,
    idleTimeoutMs: config.TASK_TIMEOUT_MS + BACKSTOP_MS,
  });
}
