import { z } from 'zod';
import type { Completion } from '../../contract/completion-request.js';
import { usageSchema } from '../../contract/completion.schema.js';
import { ExecutorError } from '../../contract/errors.js';
import { safeTail } from '../../process/safe-tail.js';

/** The claude CLI reported that its run failed. */
export class ClaudeCliError extends ExecutorError {
  override readonly code = 'ERR_CLAUDE_CLI';

  constructor(
    /** Kind of report: `error_during_execution`, `error_max_turns`, or `success` when the API failed. */
    readonly subtype: string,
    /** HTTP status of the API's error, if there was one. */
    readonly apiStatus: number | null,
    /** The CLI's own message: short, one line, without secrets. */
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

const resultSchema = z.looseObject({
  type: z.literal('result'),
  subtype: z.string(),
  is_error: z.boolean(),
  result: z.string().optional(),
  errors: z.array(z.string()).optional(),
  api_error_status: z.number().nullish(),
});

const successSchema = z.looseObject({
  result: z.string(),
  total_cost_usd: z.number().nonnegative(),
  stop_reason: z.string().nullish(),
  usage: usageSchema,
  modelUsage: z
    .record(z.string(), z.looseObject({ outputTokens: z.number().nonnegative().optional() }))
    .optional(),
});

type Success = z.infer<typeof successSchema>;

/** The fields that the CLI's reports of success and of failure share. */
export type ClaudeCliResult = z.infer<typeof resultSchema>;

/** The report among the lines of the CLI's stream of messages; `undefined` when there is none. */
export function parseStreamResult(stdout: string): ClaudeCliResult | undefined {
  return stdout
    .split('\n')
    .map((line) => parseResult(line))
    .findLast((report) => report !== undefined);
}

/** The report in the CLI's output; `undefined` when there is none. */
export function parseResult(stdout: string): ClaudeCliResult | undefined {
  const report = reportIn(parseJson(stdout));
  const parsed = resultSchema.safeParse(report);
  return parsed.success ? parsed.data : undefined;
}

/**
 * The completion in a report.
 *
 * @param model name of the model when the report does not contain it
 * @param secrets what must not appear in an error
 * @throws {ClaudeCliError} the report is one of a failure
 * @throws {ExecutorError} a field of the report is missing or invalid
 */
export function completionOf(result: ClaudeCliResult, model: string, secrets: readonly string[]): Completion {
  if (result.is_error || result.subtype !== 'success') {
    throw failureOf(result, secrets);
  }
  const parsed = successSchema.safeParse(result);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.');
    throw new ExecutorError(`the claude CLI wrote a malformed report: ${field} is missing or invalid`);
  }
  return toCompletion(parsed.data, model);
}

function toCompletion(success: Success, model: string): Completion {
  const { result: text, usage, total_cost_usd: cost, stop_reason: stopReason } = success;
  const cached = (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
  return {
    completion: text,
    usage: { input_tokens: usage.input_tokens + cached, output_tokens: usage.output_tokens },
    cost,
    model: modelOf(success) ?? model,
    stopReason: stopReason ?? 'end_turn',
    content: [{ type: 'text', text }],
  };
}

/** The model with the most output tokens: the CLI may use a smaller one for auxiliary tasks. */
function modelOf({ modelUsage = {} }: Success): string | undefined {
  const byOutput = Object.entries(modelUsage).toSorted(
    ([, a], [, b]) => (b.outputTokens ?? 0) - (a.outputTokens ?? 0),
  );
  return byOutput[0]?.[0];
}

function failureOf(result: ClaudeCliResult, secrets: readonly string[]): ClaudeCliError {
  const { subtype, api_error_status: status, errors = [], result: text = errors.join('; ') } = result;
  return new ClaudeCliError(safeTail(subtype, secrets), status ?? null, safeTail(text, secrets));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** With `verbose` in its own configuration, the CLI writes an array of all its messages, including the report. */
function reportIn(output: unknown): unknown {
  return Array.isArray(output) ? output.findLast(isReport) : output;
}

function isReport(message: unknown): boolean {
  return (Object(message) as { type?: unknown }).type === 'result';
}
