import { AnthropicExecutor, ClaudeCliExecutor, type Executor, OfflineExecutor } from 'nestjs-worker-pool';
import type { GatewayConfig } from './gateway-config.js';

// The pool's time limit comes first: it is the one that callers are told of.
const BACKSTOP_MS = 5_000;

const EXECUTORS: Record<GatewayConfig['WORKER_EXECUTOR'], (config: GatewayConfig) => Executor> = {
  offline: () => new OfflineExecutor(),
  'claude-cli': (config) =>
    new ClaudeCliExecutor({
      executable: config.CLAUDE_CLI_PATH,
      wallTimeoutMs: config.TASK_TIMEOUT_MS + BACKSTOP_MS,
      idleTimeoutMs: config.TASK_TIMEOUT_MS + BACKSTOP_MS,
    }),
  anthropic: (config) =>
    new AnthropicExecutor({
      baseUrl: config.ANTHROPIC_BASE_URL,
      defaultModel: config.ANTHROPIC_MODEL,
      maxRetries: config.ANTHROPIC_MAX_RETRIES,
    }),
};

/** The executor that `WORKER_EXECUTOR` names. */
export function createExecutor(config: GatewayConfig): Executor {
  return EXECUTORS[config.WORKER_EXECUTOR](config);
}
