import { CannotCountTokensError, ExecutorError } from 'nestjs-worker-pool';
import { TaskFailedError } from '../completion/task-failed.error.js';
import { ProblemError } from '../http/problem.js';

/** Why nothing was counted, as an answer; what is known elsewhere is given back as it is. */
export function countFailure(error: unknown, late: AbortSignal): unknown {
  if (error instanceof CannotCountTokensError) {
    return new ProblemError(404, `This gateway has no count_tokens: ${error.message}.`, { code: error.code });
  }
  if (late.aborted && error === late.reason) {
    return new ProblemError(504, 'Counting took too long.', { code: 'ERR_TASK_TIMEOUT' });
  }
  return error instanceof ExecutorError ? TaskFailedError.of(error) : error;
}
