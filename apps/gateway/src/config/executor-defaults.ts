const KIB = 1_024;
const MIB = 1_024 * KIB;

/** The variables whose default depends on what computes a completion. */
export interface ExecutorDefaults {
  readonly MAX_BODY_BYTES: number;
  readonly MAX_PROMPT_BYTES: number;
  readonly MAX_BODIES_BYTES: number;
  readonly REQUEST_TIMEOUT_MS: number;
  readonly TASK_TIMEOUT_MS: number;
  readonly WORKER_CONCURRENCY: number;
}

/**
 * Defaults by executor:
 * - `offline` computes in threads of this machine: short texts, as many at a time as it has use for.
 * - `claude-cli` starts a process of some hundred megabytes for each task and accepts text only.
 * - `anthropic` only waits for the API, whose limits apply: bodies of 32 MB, ten minutes. The text is that of a context of
 *   a million tokens, with room to spare. A body of 32 MB needs 27 s at 10 Mbit/s.
 */
export const EXECUTOR_DEFAULTS = {
  offline: {
    MAX_BODY_BYTES: MIB,
    MAX_PROMPT_BYTES: 512 * KIB,
    MAX_BODIES_BYTES: 64 * MIB,
    REQUEST_TIMEOUT_MS: 30_000,
    TASK_TIMEOUT_MS: 120_000,
    WORKER_CONCURRENCY: 5,
  },
  'claude-cli': {
    MAX_BODY_BYTES: 2 * MIB,
    MAX_PROMPT_BYTES: MIB,
    MAX_BODIES_BYTES: 64 * MIB,
    REQUEST_TIMEOUT_MS: 30_000,
    TASK_TIMEOUT_MS: 300_000,
    WORKER_CONCURRENCY: 5,
  },
  anthropic: {
    MAX_BODY_BYTES: 32 * MIB,
    MAX_PROMPT_BYTES: 8 * MIB,
    MAX_BODIES_BYTES: 128 * MIB,
    REQUEST_TIMEOUT_MS: 120_000,
    TASK_TIMEOUT_MS: 600_000,
    WORKER_CONCURRENCY: 100,
  },
} as const satisfies Record<string, ExecutorDefaults>;

/** What the default of a variable is, for the tables of variables. */
export function defaultsInWords(name: keyof ExecutorDefaults): string {
  const { offline, 'claude-cli': cli, anthropic } = EXECUTOR_DEFAULTS;
  const [others, own, api] = [offline[name], cli[name], anthropic[name]].map((value) =>
    value.toLocaleString('en-US'),
  );
  if (others === own) return `${others}; \`anthropic\`: ${api}`;
  return `${others}; \`claude-cli\`: ${own}; \`anthropic\`: ${api}`;
}
