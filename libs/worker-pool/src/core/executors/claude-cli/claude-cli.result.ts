import { z } from 'zod';
import type { Completion, TokenUsage } from '../../contract/completion-request.js';
import { ExecutorError } from '../../contract/errors.js';
import { safeTail } from '../../process/safe-tail.js';
import { type ClaudeCliAnswer, isNaturalEnd } from './claude-cli.messages.js';

/** Statuses by which the API refuses the key or the account of the CLI. */
const OWN_ACCOUNT: ReadonlySet<number> = new Set([401, 402, 403]);

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
    /** Type of the API's error, if there was one. */
    readonly apiType: string | null = null,
    /**
     * Whether clients may read `detail`, which otherwise is only logged: words of the API, which do not concern the key or
     * the account. The CLI's own words may name paths of the machine.
     */
    isPublic = apiStatus !== null && !OWN_ACCOUNT.has(apiStatus),
  ) {
    const kind = [
      subtype === 'success' ? [] : [subtype],
      apiStatus === null ? [] : [`HTTP ${apiStatus}`],
    ].flat();
    const what = kind.length > 0 ? ` (${kind.join(', ')})` : '';
    const upstream =
      apiStatus === null ? undefined : { status: apiStatus, type: apiType, retryAfterMs: null };
    const message = `the claude CLI reported a failure${what}`;
    super(detail && isPublic ? `${message}: ${detail}` : message, {
      upstream,
      ...(!isPublic && { logDetail: detail }),
    });
  }
}

const resultSchema = z.looseObject({
  type: z.literal('result'),
  subtype: z.string(),
  is_error: z.boolean(),
  result: z.string().optional(),
  errors: z.array(z.string()).optional(),
  api_error_status: z.number().nullish(),
  api_error_type: z.string().nullish(),
  num_turns: z.number().optional(),
  safety_stops: z.number().optional(),
});

const tokens = z.number().nonnegative();
const modelUsageSchema = z.looseObject({
  inputTokens: tokens,
  outputTokens: tokens,
  cacheReadInputTokens: tokens.default(0),
  cacheCreationInputTokens: tokens.default(0),
});
const paidSchema = z.looseObject({
  total_cost_usd: tokens,
  modelUsage: z.record(z.string(), modelUsageSchema),
});
const ownAnswerSchema = z.looseObject({ result: z.string(), stop_reason: z.string() });

type Paid = z.infer<typeof paidSchema>;

const ERROR_TYPE = /^[a-z_]{1,64}$/;

/** The fields that the CLI's reports of success and of failure share. */
export type ClaudeCliResult = z.infer<typeof resultSchema>;

/** The report among the lines of the CLI's output; `undefined` when there is none. */
export function parseReport(stdout: string): ClaudeCliResult | undefined {
  return stdout
    .split('\n')
    .map((line) => parseLine(line))
    .findLast((report) => report !== undefined);
}

// The command line allows for a single call of the API, so that a run which goes well ends like this.
const SINGLE_CALL = 'error_max_budget_usd';

/** What is known about a run besides its report. */
export interface RunFacts {
  /** The whole message of the model, from the stream. */
  answer: ClaudeCliAnswer | null;
  /** Text of the model's message, also if it has no end. */
  text: string;
  /** Name of the model when the report does not contain it. */
  model: string;
  /** What must not appear in an error. */
  secrets: readonly string[];
}

/**
 * The completion of a run.
 *
 * A truncated or refused answer is one, with its stop reason, however the CLI reports it, and so is a whole answer after which
 * the CLI ended because it was allowed a single call. Any other report of a failure is a failure, and so is one of a run in
 * which the model was not asked, or more than once.
 *
 * @throws {ClaudeCliError} the report is one of a failure
 * @throws {ExecutorError} a field of the report is missing or invalid
 */
export async function completionOf(result: ClaudeCliResult, facts: RunFacts): Promise<Completion> {
  const answer = facts.answer ?? refusalIn(result, facts);
  if (answer && (!isNaturalEnd(answer) || result.subtype === SINGLE_CALL)) {
    return toCompletion(answer, read(paidSchema, result), facts.model);
  }
  if (result.is_error || result.subtype !== 'success') {
    throw await failureOf(result, facts);
  }
  refuseOwnAnswer(result);
  return toCompletion(answer ?? ownAnswerOf(result), read(paidSchema, result), facts.model);
}

/** With a single call allowed, the CLI ends before it passes on the end of a refused message. */
function refusalIn(
  { subtype, safety_stops: stops = 0 }: ClaudeCliResult,
  { text }: RunFacts,
): ClaudeCliAnswer | null {
  return subtype === SINGLE_CALL && stops > 0 ? { text, stopReason: 'refusal' } : null;
}

/** The CLI executes some prompts itself, and asks the model again by itself after some answers. */
function refuseOwnAnswer({ num_turns: turns = 1, modelUsage }: ClaudeCliResult): void {
  if (turns === 0 || Object.keys(Object(modelUsage)).length === 0) {
    throw unaskedFor('it answered itself, without the model');
  }
  if (turns > 1) {
    throw unaskedFor('it asked the model more than once');
  }
}

function unaskedFor(detail: string): ClaudeCliError {
  return new ClaudeCliError('success', null, detail, null, true);
}

function ownAnswerOf(result: ClaudeCliResult): ClaudeCliAnswer {
  const { result: text, stop_reason: stopReason } = read(ownAnswerSchema, result);
  return { text, stopReason };
}

function read<T extends z.ZodType>(schema: T, value: object): z.output<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.');
    throw new ExecutorError(`the claude CLI wrote a malformed report: ${field} is missing or invalid`);
  }
  return parsed.data;
}

function toCompletion({ text, stopReason }: ClaudeCliAnswer, paid: Paid, model: string): Completion {
  return {
    completion: text,
    usage: usageOf(paid),
    cost: paid.total_cost_usd,
    model: modelOf(paid) ?? model,
    stopReason,
    content: [{ type: 'text', text }],
  };
}

/** Tokens read from and written to the API's prompt cache count as input. */
function usageOf({ modelUsage }: Paid): TokenUsage {
  const usage = { input_tokens: 0, output_tokens: 0 };
  for (const used of Object.values(modelUsage)) {
    usage.input_tokens += used.inputTokens + used.cacheReadInputTokens + used.cacheCreationInputTokens;
    usage.output_tokens += used.outputTokens;
  }
  return usage;
}

/** The model with the most output tokens: the CLI may use a smaller one for auxiliary tasks. */
function modelOf({ modelUsage }: Paid): string | undefined {
  const byOutput = Object.entries(modelUsage).toSorted(([, a], [, b]) => b.outputTokens - a.outputTokens);
  return byOutput[0]?.[0];
}

async function failureOf(result: ClaudeCliResult, { secrets }: RunFacts): Promise<ClaudeCliError> {
  const { subtype, api_error_status: status, errors = [], result: text = errors.join('; ') } = result;
  const type = ERROR_TYPE.exec(result.api_error_type ?? '')?.[0];
  const kind = await safeTail(subtype, secrets);
  return new ClaudeCliError(kind, status ?? null, await safeTail(text, secrets), type);
}

function parseLine(line: string): ClaudeCliResult | undefined {
  const parsed = resultSchema.safeParse(parseJson(line));
  return parsed.success ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
