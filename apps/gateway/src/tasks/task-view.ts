import type {
  PoolStats,
  TaskError,
  TaskResult,
  TaskSnapshot,
  TaskStatus,
  TokenUsage,
} from 'nestjs-worker-pool';

/** The result of a completed task. Costs are in US dollars. */
export interface TaskAnswer {
  completion: string;
  usage: TokenUsage;
  cost: number;
  model: string;
  stop_reason: string;
}

/** Response of `GET /v1/tasks/:id`. Times are ISO 8601. */
export interface TaskView {
  id: string;
  status: TaskStatus;
  submitted_at: string;
  started_at: string | null;
  finished_at: string | null;
  /** Present once the task has completed. */
  result: TaskAnswer | null;
  /** Why it did not complete. */
  error: Pick<TaskError, 'code' | 'message'> | null;
}

/** Converts a task to what its tenant sees. */
export function toTaskView(id: string, task: TaskSnapshot): TaskView {
  const { status, submittedAt, startedAt, finishedAt, result } = task;
  return {
    id,
    status,
    submitted_at: new Date(submittedAt).toISOString(),
    started_at: isoOrNull(startedAt),
    finished_at: isoOrNull(finishedAt),
    result: result?.status === 'completed' ? toAnswer(result) : null,
    error: result?.error ? { code: result.error.code, message: result.error.message } : null,
  };
}

function toAnswer(result: TaskResult): TaskAnswer {
  return {
    completion: result.completion ?? '',
    usage: result.usage ?? { input_tokens: 0, output_tokens: 0 },
    cost: result.cost ?? 0,
    model: result.model ?? '',
    stop_reason: result.stopReason ?? '',
  };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Estimates in how many seconds a task that is submitted now will end, for `Retry-After`. */
export function retryAfterSeconds({ retryAfterMs, meanServiceMs }: PoolStats): number {
  return Math.max(1, Math.ceil((retryAfterMs + (meanServiceMs ?? 0)) / 1_000));
}
