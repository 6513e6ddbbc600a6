import { Logger } from '@nestjs/common';
import type Anthropic from '@anthropic-ai/sdk';
import type { Completion, CompletionRequest, TokenUsage } from '../../contract/completion-request.js';
import { ExecutorError } from '../../errors/executor.error.js';
import { UnsupportedParameterError } from '../../errors/unsupported-parameter.error.js';
import { InFlight } from '../../process/in-flight.js';
import { type ExecutionContext, Executor } from '../../contract/executor.js';
import { validateRequest } from '../validate-request.js';
import { completionOf } from './anthropic.answer.js';
import { anthropicFailure } from './anthropic.failure.js';
import {
  type AnthropicExecutorOptions,
  type ResolvedAnthropicOptions,
  resolveAnthropicOptions,
} from './anthropic.options.js';
import { costOf, priceOf } from './anthropic.prices.js';
import { anthropicCall, anthropicCount, textsOf } from './anthropic.request.js';

type Sdk = typeof import('@anthropic-ai/sdk');

// Model names come from the API; a bound all the same.
const MAX_WARNED_MODELS = 100;

/**
 * Answers with Anthropic's Messages API, through the official SDK: install `@anthropic-ai/sdk` (1.14 or newer)
 * beside this package. It is loaded with the first request.
 *
 * - Every field of a request goes to the API as it is. `tools` must be of your own: those that the API runs
 *   itself (web search, code execution) are refused, since their answers and their price change with the hour.
 * - The API's version that the SDK speaks knows no `temperature`, `top_p` and `top_k`; a request that has one is
 *   sent as version 2023-06-01, which does. Newer models refuse them still, with a 400.
 * - The answer is read as a stream, so that long ones keep their connection. A hit by `max_tokens` and a
 *   refusal are answers, with the `stopReason` that says so.
 * - `cost` is what {@link ANTHROPIC_PRICES} and the option `prices` say; 0 for a model without a price.
 * - Nothing of a request is logged or traced, whatever `ANTHROPIC_LOG` and OpenTelemetry are set to.
 *
 * @example
 * const executor = new AnthropicExecutor({ defaultModel: 'claude-haiku-5-5', maxRetries: 1 });
 * WorkerPoolModule.forRoot({ executor });
 */
export class AnthropicExecutor extends Executor {
  readonly name = 'anthropic';
  readonly #logger = new Logger(AnthropicExecutor.name);
  readonly #options: ResolvedAnthropicOptions;
  readonly #inFlight = new InFlight();
  readonly #running = new Set<AbortController>();
  readonly #unpriced = new Set<string>();
  #client: Promise<{ sdk: Sdk; client: Anthropic }> | undefined;
  #closed = false;

  /** @throws {InvalidPoolOptionsError} names the option that is wrong, `apiKey` when there is none */
  constructor(options: AnthropicExecutorOptions = {}) {
    super();
    this.#options = resolveAnthropicOptions(options);
  }

  validate(request: CompletionRequest): void {
    validateRequest(request);
    const server = request.tools?.findIndex(({ type }) => type !== undefined && type !== 'custom') ?? -1;
    if (server >= 0) {
      throw new UnsupportedParameterError(`tools.${server}.type`, this.name, 'only custom tools are');
    }
  }

  resolveModel(model = this.#options.defaultModel): string {
    const { modelAliases } = this.#options;
    return Object.hasOwn(modelAliases, model) ? (modelAliases[model] ?? model) : model;
  }

  /**
   * @throws {AnthropicApiError} the API refused or failed, or could not be reached
   * @throws {ExecutorError} the SDK is not installed, the answer is not understood, or the executor was closed
   */
  async execute(request: CompletionRequest, { signal }: ExecutionContext): Promise<Completion> {
    this.validate(request);
    const message = await this.#run(signal, (own) => this.#ask(request, own));
    return completionOf(message, (model, usage) => this.#costOf(model, usage));
  }

  /**
   * What the API counts, for nothing.
   *
   * @throws {AnthropicApiError} {@link ExecutorError} as `execute`
   */
  override async countTokens(request: CompletionRequest, signal: AbortSignal): Promise<number> {
    this.validate(request);
    const { input_tokens: tokens } = Object(await this.#run(signal, (own) => this.#count(request, own)));
    if (!Number.isSafeInteger(tokens))
      throw new ExecutorError('the answer of the Anthropic API has no count');
    return tokens as number;
  }

  override async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#running) {
      controller.abort();
    }
    await this.#inFlight.settled();
  }

  /** Runs a call that ends with the caller's signal, and with the executor. */
  async #run<T>(signal: AbortSignal, call: (own: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    this.#refuseWhenClosed();
    return this.#inFlight.track(this.#abortably(signal, call));
  }

  async #abortably<T>(signal: AbortSignal, call: (own: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#running.add(controller);
    try {
      return await call(controller.signal);
    } catch (thrown) {
      signal.throwIfAborted();
      this.#refuseWhenClosed();
      throw thrown;
    } finally {
      this.#running.delete(controller);
      signal.removeEventListener('abort', abort);
    }
  }

  async #ask(request: CompletionRequest, signal: AbortSignal): Promise<unknown> {
    const { sdk, client } = await this.#load();
    signal.throwIfAborted();
    const { defaultMaxTokens, apiKey } = this.#options;
    const { body, headers } = anthropicCall(request, this.resolveModel(request.model), defaultMaxTokens);
    try {
      return await client.messages.stream(body, { signal, headers }).finalMessage();
    } catch (thrown) {
      throw anthropicFailure(thrown, [apiKey, ...textsOf(request)], sdk);
    }
  }

  async #count(request: CompletionRequest, signal: AbortSignal): Promise<unknown> {
    const { sdk, client } = await this.#load();
    signal.throwIfAborted();
    try {
      const body = anthropicCount(request, this.resolveModel(request.model));
      return await client.messages.countTokens(body, { signal });
    } catch (thrown) {
      throw anthropicFailure(thrown, [this.#options.apiKey, ...textsOf(request)], sdk);
    }
  }

  /** Loads the SDK once; a failure is not kept, so that the next request tries again. */
  #load(): Promise<{ sdk: Sdk; client: Anthropic }> {
    this.#client ??= this.#makeClient().catch((cause: unknown) => {
      this.#client = undefined;
      throw new ExecutorError('the anthropic executor needs the package @anthropic-ai/sdk', { cause });
    });
    return this.#client;
  }

  async #makeClient(): Promise<{ sdk: Sdk; client: Anthropic }> {
    const sdk = await import('@anthropic-ai/sdk');
    const { apiKey, baseUrl: baseURL, timeoutMs: timeout, maxRetries } = this.#options;
    // The SDK would log bodies at the level `debug`, and trace them if told to.
    const quiet = { logLevel: 'off', openTelemetry: false } as const;
    return {
      sdk,
      client: new sdk.Anthropic({ apiKey, authToken: null, baseURL, timeout, maxRetries, ...quiet }),
    };
  }

  #costOf(model: string, usage: TokenUsage): number {
    const price = priceOf(model, this.#options.prices);
    if (price) {
      return costOf(usage, price);
    }
    if (!this.#unpriced.has(model) && this.#unpriced.size < MAX_WARNED_MODELS) {
      this.#unpriced.add(model);
      this.#logger.warn(`no price is known for ${model}: its answers count as free, see the option prices`);
    }
    return 0;
  }

  #refuseWhenClosed(): void {
    if (this.#closed) {
      throw new ExecutorError('the executor was closed');
    }
  }
}
