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
import type { ProcessOutput, ProcessUser } from '../../process/process-run.js';
import { ProcessRunner } from '../../process/process-runner.js';
import { safeTail } from '../../process/safe-tail.js';
import { plainText, requirePlainText, validateRequest } from '../validate-request.js';
import {
  claudeArguments,
  claudeEnvironment,
  type Environment,
  promptInput,
  secretsOf,
} from './claude-cli.invocation.js';
import { ClaudeCliMessages } from './claude-cli.messages.js';
import {
  type ClaudeCliOptions,
  MODEL_NAME,
  type ResolvedClaudeCliOptions,
  resolveClaudeCliOptions,
} from './claude-cli.options.js';
import { completionOf, parseReport } from './claude-cli.result.js';
import { asFinal, withRetries } from './claude-cli.retries.js';
import { ClaudeCliWorkspace, type Workspace } from './claude-cli.workspace.js';

// The CLI reads at most 10 MB from stdin.
const MAX_PROMPT_BYTES = 10_000_000;

const CLI_CHOICE = 'default';

const HONOURED = new Set(['prompt', 'messages', 'model', 'system', 'max_tokens']);

/**
 * Executes requests with the `claude` command line (Claude Code) in print mode, with whatever login or key it has.
 *
 * The CLI is an agent; this executor reduces it to completing a text:
 * - no shell; the prompt is written to stdin, which is then closed, and the system prompt to a file that only the CLI's
 *   user can read: neither is ever on a command line, where other users could see it;
 * - no built-in tools, MCP servers, slash commands, settings, memory files, sessions on disk or `@file` mentions in
 *   prompts; a prompt that begins with `/` is sent after a line break, without which the CLI would execute it;
 * - an empty working directory, which is the same for all runs;
 * - only an allow-list of the environment;
 * - its own process group, which is ended as a group when the request is cancelled or exceeds a limit;
 * - one call of the API: the CLI's budget allows no second one, by which it would ask the model again by itself.
 *
 * Flags and variables are those of Claude Code 2.1.332 (November 2026), with which it is tested. They need 2.1 or newer:
 * `--tools`, `--setting-sources`, `--no-session-persistence`, `--system-prompt-file`; an older CLI refuses them
 * immediately. Before 2.1.101 a run without the user's settings could delete sessions of that user older than 30 days: set
 * a separate `CLAUDE_CONFIG_DIR`.
 *
 * - `max_tokens` is passed as `CLAUDE_CODE_MAX_OUTPUT_TOKENS`, with thinking off. A truncated answer is a completion with
 *   the stop reason `max_tokens`, a refusal one with `refusal`.
 * - `messages` other than a single turn of the user, content other than text and every other parameter
 *   (`temperature`, `tools`, …) are refused, because the CLI cannot honour them.
 * - With `ANTHROPIC_API_KEY` or `ANTHROPIC_AUTH_TOKEN`, the same request reaches the model as the same text, after one line
 *   that names the CLI's kind and release. With a login the CLI adds working directory, operating system and date.
 * - A failure of the API fails the request with the API's status. The option `maxRetries` repeats it.
 * - As a task stream it emits the API's events. If an answer broke off and the CLI repeated it, the events end without
 *   `message_stop`.
 * - Tokens read from and written to the API's prompt cache count as input; `cost` and tokens are those of the CLI's report.
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
  readonly #running = new Set<AbortController>();
  readonly #workspace: ClaudeCliWorkspace;

  /** @throws {InvalidPoolOptionsError} names the invalid option */
  constructor(options: ClaudeCliOptions = {}) {
    super();
    this.#options = resolveClaudeCliOptions(options);
    this.#workspace = new ClaudeCliWorkspace(userOf(this.#options));
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
    signal.throwIfAborted();
    return this.#inFlight.track(this.#abortably(signal, (own) => this.#execute(request, own, emit)));
  }

  override async close(): Promise<void> {
    const reason = new ExecutorError('the executor was closed');
    this.#running.forEach((controller) => controller.abort(reason));
    await this.#runner.close();
    await this.#inFlight.settled();
  }

  /** Calls `run` with a signal that aborts with the caller's and when the executor is closed. */
  async #abortably<T>(signal: AbortSignal, run: (own: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#running.add(controller);
    try {
      return await run(controller.signal);
    } finally {
      this.#running.delete(controller);
      signal.removeEventListener('abort', abort);
    }
  }

  async #execute(
    request: CompletionRequest,
    signal: AbortSignal,
    emit: ExecutionContext['emit'],
  ): Promise<Completion> {
    const attempt = async (): Promise<Completion> => {
      const messages = new ClaudeCliMessages(emit);
      try {
        return await this.#attempt(request, signal, messages);
      } catch (error) {
        throw messages.hasBegun ? asFinal(error) : error;
      }
    };
    return withRetries(attempt, this.#options.maxRetries, signal);
  }

  async #attempt(
    request: CompletionRequest,
    signal: AbortSignal,
    messages: ClaudeCliMessages,
  ): Promise<Completion> {
    const environment = this.#environment(request);
    const output = await this.#run(request, environment, signal, messages);
    const secrets = [promptOf(request), systemOf(request) ?? '', ...secretsOf(environment)];
    const report = parseReport(output.stdout);
    if (!report) {
      throw await this.#withoutReport(output, secrets);
    }
    const model = this.resolveModel(request.model);
    const { answer, text } = messages;
    const completion = await completionOf(report, { answer, text, model, secrets });
    messages.end();
    return completion;
  }

  async #run(
    request: CompletionRequest,
    env: Environment,
    signal: AbortSignal,
    { take: onLine }: ClaudeCliMessages,
  ): Promise<ProcessOutput> {
    signal.throwIfAborted();
    const name = this.resolveModel(request.model);
    const model = name === CLI_CHOICE ? undefined : name;
    const stdin = promptInput(promptOf(request));
    const run = ({ cwd, systemPromptFile }: Workspace): Promise<ProcessOutput> => {
      const args = claudeArguments({ model, systemPromptFile });
      const user = userOf(this.#options);
      return this.#runner.run({ ...this.#options, args, cwd, env, stdin, user, onLine }, signal);
    };
    try {
      return await this.#workspace.use(systemOf(request), run);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof WorkerPoolError
        ? error
        : new ExecutorError('the claude CLI could not be run', { cause: error, logDetail: String(error) });
    }
  }

  #environment({ max_tokens: maxTokens }: CompletionRequest): Environment {
    const { envAllowList: allowList, extraEnv: extra } = this.#options;
    return claudeEnvironment({ inherited: process.env, allowList, extra, maxTokens });
  }

  async #withoutReport(output: ProcessOutput, secrets: readonly string[]): Promise<ExecutorError> {
    const { executable } = this.#options;
    return output.exitCode === 0
      ? new ExecutorError('the claude CLI wrote no report of its run', { logDetail: executable })
      : new ProcessExitError(executable, output, await safeTail(output.stderr, secrets));
  }
}

function userOf({ uid, gid = uid }: ResolvedClaudeCliOptions): ProcessUser | undefined {
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function promptOf({ prompt, messages }: CompletionRequest): string {
  return prompt ?? plainText(messages?.[0]?.content ?? '');
}

function systemOf({ system }: CompletionRequest): string | undefined {
  return system === undefined ? undefined : plainText(system);
}
