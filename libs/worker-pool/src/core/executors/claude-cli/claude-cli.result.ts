import { z } from 'zod';
import type { Completion } from '../../contract/completion-request.js';
import { ClaudeCliError } from '../../errors/claude-cli.error.js';
import { ExecutorError } from '../../errors/executor.error.js';
import { safeTail } from '../../process/safe-tail.js';

const tokens = z.number().nonnegative();

const resultSchema = z.looseObject({
  type: z.literal('result'),
  subtype: z.string(),
  is_error: z.boolean(),
  result: z.string().optional(),
  errors: z.array(z.string()).optional(),
  api_error_status: z.number().nullish(),
});

const answerSchema = z.looseObject({
  result: z.string(),
  total_cost_usd: z.number().nonnegative(),
  stop_reason: z.string().nullish(),
  usage: z.looseObject({
    input_tokens: tokens,
    output_tokens: tokens,
    cache_creation_input_tokens: tokens.nullish(),
    cache_read_input_tokens: tokens.nullish(),
  }),
  modelUsage: z.record(z.string(), z.looseObject({ outputTokens: tokens.optional() })).optional(),
});

type Answer = z.infer<typeof answerSchema>;

/** The CLI's report of a run, as far as it is the same for success and failure. */
export type ClaudeCliResult = z.infer<typeof resultSchema>;

/** The report in the CLI's output; `undefined` when there is none. */
export function parseResult(stdout: string): ClaudeCliResult | undefined {
  const report = reportIn(parseJson(stdout));
  const parsed = resultSchema.safeParse(report);
  return parsed.success ? parsed.data : undefined;
}

/**
 * The answer in a report.
 *
 * @param model what to call the model when the report does not say
 * @param secrets what must not appear in an error
 * @throws {ClaudeCliError} the report is one of a failure
 * @throws {ExecutorError} the report lacks what an answer has
 */
export function completionOf(result: ClaudeCliResult, model: string, secrets: readonly string[]): Completion {
  if (result.is_error || result.subtype !== 'success') {
    throw failureOf(result, secrets);
  }
  const parsed = answerSchema.safeParse(result);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.');
    throw new ExecutorError(
      `the claude CLI's report is not understood: ${field} is missing or has the wrong form`,
    );
  }
  return answerOf(parsed.data, model);
}

function answerOf(answer: Answer, model: string): Completion {
  const { result: text, usage, total_cost_usd: cost, stop_reason: stopReason } = answer;
  const cached = (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
  return {
    completion: text,
    usage: { input_tokens: usage.input_tokens + cached, output_tokens: usage.output_tokens },
    cost,
    model: modelOf(answer) ?? model,
    stopReason: stopReason ?? 'end_turn',
    content: [{ type: 'text', text }],
  };
}

/** The model that wrote most: the CLI may have asked a small one for chores. */
function modelOf({ modelUsage = {} }: Answer): string | undefined {
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

/** With `verbose` in its own configuration the CLI writes all its messages, the report among them. */
function reportIn(output: unknown): unknown {
  return Array.isArray(output) ? output.findLast(isReport) : output;
}

function isReport(message: unknown): boolean {
  return (Object(message) as { type?: unknown }).type === 'result';
}
