import { ExecutorError } from 'nestjs-worker-pool';

/** What a log line says of an error: its message, and what an executor keeps for the log. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const detail = error instanceof ExecutorError ? error.logDetail : undefined;
  return detail === undefined ? error.message : `${error.message} (${detail})`;
}
