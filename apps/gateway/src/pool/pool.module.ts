import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { RedisCacheService } from 'nestjs-redis-cache';
import {
  AnthropicExecutor,
  ClaudeCliExecutor,
  Executor,
  OfflineExecutor,
  WorkerPoolModule,
} from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { apiPoolOptions, workerPoolOptions } from './pool-options.js';

/** Added to the pool's own time limit, so that the pool's limit is the one that callers see. */
const BACKSTOP_MS = 5_000;
/** The longest time that the `anthropic` executor may wait for the API to begin its answer. */
const MAX_START_MS = 300_000;

const EXECUTORS: Record<GatewayConfig['WORKER_EXECUTOR'], (config: GatewayConfig) => Executor> = {
  offline: () => new OfflineExecutor(),
  'claude-cli': (config) =>
    new ClaudeCliExecutor({
      executable: config.CLAUDE_CLI_PATH,
      maxRetries: config.CLAUDE_CLI_MAX_RETRIES,
      uid: config.CLAUDE_CLI_UID,
      gid: config.CLAUDE_CLI_GID,
      extraEnv: config.CLAUDE_CLI_HOME === undefined ? {} : { HOME: config.CLAUDE_CLI_HOME },
      wallTimeoutMs: config.TASK_TIMEOUT_MS + BACKSTOP_MS,
      idleTimeoutMs: config.TASK_TIMEOUT_MS + BACKSTOP_MS,
    }),
  anthropic: (config) =>
    new AnthropicExecutor({
      baseUrl: config.ANTHROPIC_BASE_URL,
      defaultModel: config.ANTHROPIC_MODEL,
      maxRetries: config.ANTHROPIC_MAX_RETRIES,
      // An attempt that is given up may have been paid for: only a dead connection lasts that long.
      timeoutMs: Math.min(config.TASK_TIMEOUT_MS, MAX_START_MS),
      strictFields: config.STRICT_FIELDS,
    }),
};

/** The executor that `WORKER_EXECUTOR` names. The pool owns it and closes it. */
const executor = {
  provide: Executor,
  inject: [gatewayConfig.KEY],
  useFactory: (config: GatewayConfig) => EXECUTORS[config.WORKER_EXECUTOR](config),
};

/** Provides the {@link Executor} and the `WorkerPool` of this process to all modules. */
@Module({ providers: [executor], exports: [Executor] })
export class PoolModule {
  /** The pool of an API process, which runs tasks itself or passes them to worker processes. */
  static forApi(): DynamicModule {
    return poolModule(apiPoolOptions);
  }

  /** The pool of a worker process. */
  static forWorker(): DynamicModule {
    return poolModule(workerPoolOptions);
  }
}

/** Tasks of worker processes are the one content in Redis that `CACHE_ENCRYPTION_KEYS` does not cover. */
function warnOfPlainTasks({ WORKER_POOL: pool }: GatewayConfig, environment: ConfigService): void {
  if (pool === 'local' || !environment.get<string>('CACHE_ENCRYPTION_KEYS')) return;
  new Logger(PoolModule.name).warn(
    'CACHE_ENCRYPTION_KEYS does not cover the tasks of worker processes: their prompts and results are plain text in the ' +
      "queue's Redis. See docs/security.md",
  );
}

function poolModule(optionsOf: typeof apiPoolOptions): DynamicModule {
  const useFactory: typeof apiPoolOptions = (config, executorToUse, cache, environment) => {
    warnOfPlainTasks(config, environment);
    return optionsOf(config, executorToUse, cache, environment);
  };
  const inject = [gatewayConfig.KEY, Executor, RedisCacheService, ConfigService];
  const pool = WorkerPoolModule.forRootAsync({ isGlobal: true, inject, useFactory });
  return { module: PoolModule, global: true, imports: [pool] };
}
