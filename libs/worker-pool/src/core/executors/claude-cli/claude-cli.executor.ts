import type { Completion, CompletionRequest } from '../../contract/completion-request.js';
import {
  ExecutorError,
  InvalidRequestError,
  UnsupportedParameterError,
  WorkerPoolError,
} from '../../contract/errors.js';
import { type ExecutionContext, Executor } from '../../contract/executor.js';
import { ProcessExitError } from '../../process/errors.js';
import { InFlight } from '../../process/in-flight.js';
import type { ProcessOutput } from '../../process/process-run.js';
import { ProcessRunner } from '../../process/process-runner.js';
import { safeTail } from '../../process/safe-tail.js';
import { plainText, requirePlainText, validateRequest } from '../validate-request.js';
import { ClaudeCliEvents } from './claude-cli.events.js';
import {
  claudeArguments,
  claudeEnvironment,
  type Environment,
  secretsOf,
  withWorkspace,
  type Workspace,
} from './claude-cli.invocation.js';
import {
  type ClaudeCliOptions,
  MODEL_NAME,
  type ResolvedClaudeCliOptions,
  resolveClaudeCliOptions,
} from './claude-cli.options.js';
import { type ClaudeCliResult, completionOf, parseResult, parseStreamResult } from './claude-cli.result.js';

// The CLI reads at most 10 MB from stdin.
const MAX_PROMPT_BYTES = 10_000_000;

const CLI_CHOICE = 'default';

const HONOURED = new Set(['prompt', 'messages', 'model', 'system', 'max_tokens']);

/**
 * Executes requests with the `claude` command line (Claude Code) in print mode, with whatever login or key it has.
 *
 * The CLI is an agent; this executor reduces it to completing a text:
 * - no shell; the prompt is written to stdin, which is then closed, and the system prompt to a file that only this
 *   user can read: neither is ever on a command line, where other users could see it;
 * - no built-in tools, MCP servers, slash commands, settings, memory files, sessions on disk or `@file` mentions in
 *   prompts;
 * - an empty temporary working directory for each run, removed afterwards;
 * - only an allow-list of the environment;
 * - its own process group, which is ended as a group when the request is cancelled or exceeds a limit.
 *
 * Flags and variables are those of the CLI reference and the environment reference of Claude Code 2.1.240
 * (August 2026). They need 2.1 or newer: `--tools`, `--setting-sources`, `--no-session-persistence`,
 * `--system-prompt-file`; an older CLI refuses them immediately. Before 2.1.101 a run without the user's settings
 * could delete sessions of that user older than 30 days: set a separate `CLAUDE_CONFIG_DIR`.
 *
 * - `max_tokens` is passed as `CLAUDE_CODE_MAX_OUTPUT_TOKENS`, with thinking off. The CLI may report an answer that
 *   reaches the limit as a failure instead of a truncated answer; then the request fails.
 * - `messages` other than a single turn of the user, content other than text and every other parameter
 *   (`temperature`, `tools`, …) are refused, because the CLI cannot honour them.
 * - Without `system`, the CLI uses its own system prompt, which is that of a coding agent.
 * - As a task stream it emits the API's events, which the CLI passes on (`--output-format stream-json`). If the CLI calls
 *   the API a second time, because an answer broke off, the events end without `message_stop`.
 * - Tokens read from and written to the API's prompt cache count as input; `cost` is the CLI's estimate.
 *
 * POSIX only.
 *
 * @example
 * const executor = new ClaudeCliExecutor({
 *   defaultModel: 'sonnet',
 *   extraEnv: { CLAUDE_CONFIG_DIR: '/srv/gateway/claude' },
 * });
 * WorkerPoolModule.forRoot({ executor });
 */
export class ClaudeCliExecutor extends Executor {
  readonly name = 'claude-cli';
  readonly #options: ResolvedClaudeCliOptions;
  readonly #runner = new ProcessRunner();
  readonly #inFlight = new InFlight();

  /** @throws {InvalidPoolOptionsError} names the invalid option */
  constructor(options: ClaudeCliOptions = {}) {
    super();
    this.#options = resolveClaudeCliOptions(options);
  }

  validate(request: CompletionRequest): void {
    validateRequest(request, this.name);
    requirePlainText(request, this.name, HONOURED);
    if (request.messages && request.messages.length > 1) {
      throw new UnsupportedParameterError('messages', this.name, 'it accepts only a single turn of the user');
    }
    if (request.model !== undefined && !MODEL_NAME.test(request.model)) {
      throw new InvalidRequestError('model', 'must be the name of a model');
    }
    if (Buffer.byteLength(promptOf(request)) > MAX_PROMPT_BYTES) {
      const field = request.messages ? 'messages.0.content' : 'prompt';
      throw new InvalidRequestError(field, `must not be longer than ${MAX_PROMPT_BYTES} bytes`);
    }
  }

  resolveModel(model = this.#options.defaultModel ?? CLI_CHOICE): string {
    const { modelAliases } = this.#options;
    return Object.hasOwn(modelAliases, model) ? (modelAliases[model] ?? model) : model;
  }

  /**
   * @throws {ProcessStartError} the CLI cannot be started
   * @throws {ProcessTimeoutError} it exceeded a time limit
   * @throws {ProcessOutputLimitError} it exceeded the output limit
   * @throws {ProcessExitError} it failed without a report
   * @throws {ClaudeCliError} it reported a failure
   * @throws {ExecutorError} its output is not a valid report, or the executor was closed
   */
  async execute(request: CompletionRequest, { signal, emit }: ExecutionContext): Promise<Completion> {
    this.validate(request);
    const events = emit ? new ClaudeCliEvents(emit) : null;
    return this.#inFlight.track(this.#execute(request, signal, events));
  }

  override async close(): Promise<void> {
    await this.#runner.close();
    await this.#inFlight.settled();
  }

  async #execute(
    request: CompletionRequest,
    signal: AbortSignal,
    events: ClaudeCliEvents | null,
  ): Promise<Completion> {
    const environment = this.#environment(request);
    const output = await this.#run(request, environment, signal, events);
    const secrets = [promptOf(request), systemOf(request) ?? '', ...secretsOf(environment)];
    const report = events ? parseStreamResult(output.stdout) : parseResult(output.stdout);
    const completion = this.#read(report, output, this.resolveModel(request.model), secrets);
    events?.confirm(completion.completion);
    return completion;
  }

  async #run(
    request: CompletionRequest,
    env: Environment,
    signal: AbortSignal,
    events: ClaudeCliEvents | null,
  ): Promise<ProcessOutput> {
    signal.throwIfAborted();
    const name = this.resolveModel(request.model);
    const model = name === CLI_CHOICE ? undefined : name;
    const run = ({ cwd, systemPromptFile }: Workspace): Promise<ProcessOutput> => {
      const args = claudeArguments({ model, systemPromptFile, isStreamed: events !== null });
      const spec = { ...this.#options, args, cwd, env, stdin: promptOf(request), onLine: events?.take };
      return this.#runner.run(spec, signal);
    };
    try {
      return await withWorkspace(systemOf(request), run);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof WorkerPoolError
        ? error
        : new ExecutorError('the claude CLI could not be run', { cause: error });
    }
  }

  #environment({ max_tokens: maxTokens }: CompletionRequest): Environment {
    const { envAllowList: allowList, extraEnv: extra } = this.#options;
    return claudeEnvironment({ inherited: process.env, allowList, extra, maxTokens });
  }

  #read(
    result: ClaudeCliResult | undefined,
    output: ProcessOutput,
    model: string,
    secrets: readonly string[],
  ): Completion {
    const { executable } = this.#options;
    if (result) {
      return completionOf(result, model, secrets);
    }
    if (output.exitCode !== 0) {
      throw new ProcessExitError(executable, output, safeTail(output.stderr, secrets));
    }
    throw new ExecutorError(`${executable} wrote no report of its run`);
  }
}

function promptOf({ prompt, messages }: CompletionRequest): string {
  return prompt ?? plainText(messages?.[0]?.content ?? '');
}

function systemOf({ system }: CompletionRequest): string | undefined {
  return system === undefined ? undefined : plainText(system);
}
