import { ExecutorError } from './executor.error.js';

/** The claude CLI reported that its run failed. */
export class ClaudeCliError extends ExecutorError {
  override readonly code = 'ERR_CLAUDE_CLI';

  constructor(
    /** Kind of report: `error_during_execution`, `error_max_turns`, or `success` when the API failed. */
    readonly subtype: string,
    /** HTTP status of the API's refusal, if there was one. */
    readonly apiStatus: number | null,
    /** What the CLI says of it: short, one line, without secrets. */
    readonly detail: string,
  ) {
    const kind = [
      subtype === 'success' ? [] : [subtype],
      apiStatus === null ? [] : [`HTTP ${apiStatus}`],
    ].flat();
    const what = kind.length > 0 ? ` (${kind.join(', ')})` : '';
    const upstream = apiStatus === null ? undefined : { status: apiStatus, type: null, retryAfterMs: null };
    super(`the claude CLI reported a failure${what}${detail ? `: ${detail}` : ''}`, { upstream });
  }
}
