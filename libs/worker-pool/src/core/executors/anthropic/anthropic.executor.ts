import { setImmediate as nextTurn } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import type { Completion, CompletionRequest, TokenUsage } from '../../contract/completion-request.js';
import { ExecutorError, UnsupportedParameterError } from '../../contract/errors.js';
import { type ExecutionContext, Executor, type ModelInfo } from '../../contract/executor.js';
import { isLargeJson } from '../../contract/large-json.js';
import { consoleLogger, type PoolLogger } from '../../contract/logger.js';
import { InFlight } from '../../process/in-flight.js';
import { validateOpenRequest, validateRequest } from '../validate-request.js';
import { encodedCall } from './anthropic.body.js';
import { anthropicFailure } from './anthropic.failure.js';
import { fetchWithShortRefusals as fetch } from './anthropic.fetch.js';
import { anthropicCall, anthropicCount, completionOf, textsOf } from './anthropic.messages.js';
import {
  type AnthropicExecutorOptions,
  type ResolvedAnthropicOptions,
  resolveAnthropicOptions,
} from './anthropic.options.js';
import { costOf, priceOf } from './anthropic.prices.js';
import { readMessage } from './anthropic.stream.js';

type Sdk = typeof import('@anthropic-ai/sdk');

// Model names come from the API; bounded nevertheless.
const MAX_WARNED_MODELS = 100;
const MODELS_PER_PAGE = 1_000;

/**
 * Executes requests with Anthropic's Messages API, through the official SDK: install `@anthropic-ai/sdk` (1.14 or
 * newer) next to this package. It is loaded with the first request.
 *
 * - Every field of a request is sent unchanged, in its order, whether this package knows it or not, and so is every
 *   header in `headers`. With the option `strictFields`, what this package does not know is refused.
 * - A request without the header `anthropic-version` is sent as version 2026-10-21, which does not accept
 *   `temperature`, `top_p` and `top_k`; with one of them as 2023-06-01, which does. Newer models refuse them
 *   nevertheless, with a 400.
 * - The answer is read as a stream, so that a long one keeps its connection. An answer truncated by `max_tokens` and
 *   a refusal are completions, with the corresponding `stopReason`.
 * - As a task stream it emits the API's events unchanged, except `ping`.
 * - `cost` follows {@link ANTHROPIC_PRICES} and the option `prices`; 0 for a model without a price.
 * - A refusal of more than 256 KiB is reported by its status alone.
 * - No part of a request is logged or traced, whatever the settings of `ANTHROPIC_LOG` and OpenTelemetry.
 *
 * @example
 * const executor = new AnthropicExecutor({ defaultModel: 'claude-haiku-5-5', maxRetries: 1 });
 * WorkerPoolModule.forRoot({ executor });
 */
export class AnthropicExecutor extends Executor {
  readonly name = 'anthropic';
  readonly #options: ResolvedAnthropicOptions;
  readonly #inFlight = new InFlight();
  readonly #running = new Set<AbortController>();
  readonly #unpriced = new Set<string>();
  #client: Promise<{ sdk: Sdk; client: Anthropic }> | undefined;
  #closed = false;

  /** @throws {InvalidPoolOptionsError} names the invalid option; `apiKey` when there is none */
  constructor(options: AnthropicExecutorOptions = {}) {
    super();
    this.#options = resolveAnthropicOptions(options);
  }

  validate(request: CompletionRequest): void {
    if (!this.#options.strictFields) return validateOpenRequest(request);
    validateRequest(request, this.name);
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
   * @throws {ExecutorError} the SDK is not installed, the API's message is malformed, or the executor was closed
   */
  async execute(request: CompletionRequest, context: ExecutionContext): Promise<Completion> {
    const { signal, logger, emit } = context;
    if (isLargeJson(request)) await nextTurn();
    this.validate(request);
    const message = await this.#run(signal, (own) => this.#create(request, own, emit));
    return completionOf(message, (model, usage) => this.#costOf(model, usage, logger));
  }

  /**
   * Counts with the API, free of charge.
   *
   * @throws {AnthropicApiError} {@link ExecutorError} as `execute`
   */
  override async countTokens(request: CompletionRequest, signal: AbortSignal): Promise<number> {
    if (isLargeJson(request)) await nextTurn();
    this.validate(request);
    const { input_tokens: tokens } = Object(await this.#run(signal, (own) => this.#count(request, own)));
    if (!Number.isSafeInteger(tokens)) throw new ExecutorError('the Anthropic API returned no token count');
    return tokens as number;
  }

  /**
   * The models that the API lists for the key.
   *
   * @throws {AnthropicApiError} {@link ExecutorError} as `execute`
   */
  override async listModels(signal: AbortSignal): Promise<ModelInfo[]> {
    return this.#run(signal, (own) => this.#models(own));
  }

  override async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#running) {
      controller.abort();
    }
    await this.#inFlight.settled();
  }

  /** Runs a call that is aborted by the caller's signal and by `close`. */
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

  async #create(
    request: CompletionRequest,
    signal: AbortSignal,
    emit: ExecutionContext['emit'],
  ): Promise<unknown> {
    const { sdk, client } = await this.#load();
    signal.throwIfAborted();
    const { defaultMaxTokens } = this.#options;
    const call = anthropicCall(request, this.resolveModel(request.model), defaultMaxTokens);
    try {
      return await readMessage(client, call, { signal, emit });
    } catch (thrown) {
      throw await anthropicFailure(thrown, { ...this.#options, texts: textsOf(request) }, sdk);
    }
  }

  async #count(request: CompletionRequest, signal: AbortSignal): Promise<unknown> {
    const { sdk, client } = await this.#load();
    signal.throwIfAborted();
    try {
      const { body, headers } = anthropicCount(request, this.resolveModel(request.model));
      const call = await encodedCall(body, headers);
      return await client.post('/v1/messages/count_tokens', { ...call, signal });
    } catch (thrown) {
      throw await anthropicFailure(thrown, { ...this.#options, texts: textsOf(request) }, sdk);
    }
  }

  async #models(signal: AbortSignal): Promise<ModelInfo[]> {
    const { sdk, client } = await this.#load();
    const found: ModelInfo[] = [];
    try {
      for await (const model of client.models.list({ limit: MODELS_PER_PAGE }, { signal })) {
        found.push({ ...model });
      }
    } catch (thrown) {
      throw await anthropicFailure(thrown, { ...this.#options, texts: [] }, sdk);
    }
    return found;
  }

  /** Loads the SDK once; after a failure the next request tries again. */
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
    // At the level `debug` the SDK would log bodies, and with OpenTelemetry trace them.
    const quiet = { logLevel: 'off', openTelemetry: false } as const;
    return {
      sdk,
      client: new sdk.Anthropic({ apiKey, authToken: null, baseURL, timeout, maxRetries, fetch, ...quiet }),
    };
  }

  #costOf(model: string, usage: TokenUsage, logger: PoolLogger = consoleLogger): number {
    const price = priceOf(model, this.#options.prices);
    if (price) {
      return costOf(usage, price);
    }
    if (!this.#unpriced.has(model) && this.#unpriced.size < MAX_WARNED_MODELS) {
      this.#unpriced.add(model);
      const message = `no price is known for ${model}: its answers cost 0; set the option prices`;
      logger.warn(message, AnthropicExecutor.name);
    }
    return 0;
  }

  #refuseWhenClosed(): void {
    if (this.#closed) {
      throw new ExecutorError('the executor was closed');
    }
  }
}
