import { availableParallelism } from 'node:os';
import { optionsObject, wholeNumber } from 'nestjs-redis-connection';
import { z } from 'zod';
import type { Completion, CompletionRequest } from '../../contract/completion-request.js';
import { ExecutorError, UnsupportedParameterError } from '../../contract/errors.js';
import { type ExecutionContext, Executor } from '../../contract/executor.js';
import { MAX_TIMER_MS, parseOptions } from '../../contract/validation.js';
import { textEvents } from '../text-events.js';
import { plainText, requirePlainText, validateRequest } from '../validate-request.js';
import type { SummaryJob, SummaryResult } from './offline.worker.js';
import { SummaryThreads } from './summary-threads.js';

/** The model name that this executor reports. */
export const OFFLINE_MODEL = 'offline-extractive';

const HONOURED = new Set(['prompt', 'messages', 'model', 'system', 'max_tokens', 'temperature']);

const MAX_THREADS = 64;

const defaultThreads = (): number => Math.max(1, Math.min(2, availableParallelism() - 1));

/** The options of {@link OfflineExecutor}. */
export const offlineShape = {
  /**
   * Maximum number of threads that summarise at the same time, 1 to 64; further requests wait for a free one. Each
   * thread holds the tokenizer's vocabulary, about 70 MB. Default: 2, but at most the number of processors minus one,
   * and at least 1.
   */
  maxThreads: wholeNumber(1, MAX_THREADS).default(defaultThreads),

  /**
   * How long an idle thread is kept, in milliseconds. A new thread takes about 200 ms to start, which the next request
   * waits for; 0 ends a thread as soon as no request is waiting. Default: 10,000.
   */
  idleTimeoutMs: wholeNumber(0, MAX_TIMER_MS).default(10_000),
};

const optionsSchema = optionsObject(offlineShape);

/** Options of {@link OfflineExecutor}. */
export interface OfflineExecutorOptions extends z.input<z.ZodObject<typeof offlineShape>> {}

/**
 * Summarises the prompt with its own sentences: no key, no network. The embedded default, for first steps, tests and
 * air-gapped machines. It is not a language model, which `model` says in every completion: `offline-extractive`.
 *
 * The method is TextRank (R. Mihalcea, P. Tarau, 2004): the most central third of the sentences, at most three, in
 * their original order and wording. It works in every language that Unicode's rules can split into sentences and
 * words, and is deterministic. Of `messages` it summarises the turns of the user. Tokens are counted with a real
 * tokenizer, in the encoding o200k_base. The cost is 0.
 *
 * - `max_tokens` omits sentences; when not even one fits, that one is truncated and `stopReason` is `max_tokens`
 *   instead of `end_turn`.
 * - As a task stream it emits the summary sentence by sentence.
 * - `model` may be any name: it is part of cache keys and has no other effect.
 * - `system` is counted and has no influence.
 * - `temperature` other than 0, content other than text and every other parameter (`top_p`, `tools`, …) are refused.
 *
 * The work is done in threads that start with the first request, so the event loop stays free: 1 MB of text takes
 * about half a second, including the token counts. An aborted signal ends the thread immediately.
 *
 * @example
 * const executor = new OfflineExecutor({ maxThreads: 1 });
 * WorkerPoolModule.forRoot({ executor });
 */
export class OfflineExecutor extends Executor {
  readonly name = 'offline';
  readonly #threads: SummaryThreads;
  #closed = false;

  /** @throws {InvalidPoolOptionsError} names the invalid option */
  constructor(options: OfflineExecutorOptions = {}) {
    super();
    this.#threads = new SummaryThreads(parseOptions(optionsSchema, options));
  }

  validate(request: CompletionRequest): void {
    validateRequest(request, this.name);
    requirePlainText(request, this.name, HONOURED);
    if (request.temperature) {
      const detail = 'its answers are deterministic, so only 0 is accepted';
      throw new UnsupportedParameterError('temperature', this.name, detail);
    }
  }

  resolveModel(model = OFFLINE_MODEL): string {
    return model;
  }

  /** @throws {ExecutorError} the executor was closed, or the thread failed */
  async execute(request: CompletionRequest, context: ExecutionContext): Promise<Completion> {
    const { taskId, signal, emit } = context;
    this.validate(request);
    const summary = await this.#run(jobOf(request), signal);
    const completion = completionOf(summary);
    if (emit) {
      textEvents(completion, taskId, summary.sentences).forEach(emit);
    }
    return completion;
  }

  /** Returns what `execute` would report as `usage.input_tokens`. */
  override async countTokens(request: CompletionRequest, signal: AbortSignal): Promise<number> {
    this.validate(request);
    return (await this.#run({ ...jobOf(request), countOnly: true }, signal)).inputTokens;
  }

  override async close(): Promise<void> {
    this.#closed = true;
    await this.#threads.close();
  }

  async #run(job: SummaryJob, signal: AbortSignal): Promise<SummaryResult> {
    signal.throwIfAborted();
    this.#refuseWhenClosed();
    try {
      return await this.#threads.run(job, signal);
    } catch (cause) {
      signal.throwIfAborted();
      this.#refuseWhenClosed();
      throw new ExecutorError('the summary failed', { cause });
    }
  }

  #refuseWhenClosed(): void {
    if (this.#closed) {
      throw new ExecutorError('the offline executor was closed');
    }
  }
}

function jobOf({ prompt, messages = [], system, max_tokens: maxTokens }: CompletionRequest): SummaryJob {
  const textsOf = (role: string): string[] =>
    messages.filter((turn) => turn.role === role).map(({ content }) => plainText(content));
  const text = prompt ?? textsOf('user').join('\n\n');
  return { text, context: [...textsOf('assistant'), ...(system ? [plainText(system)] : [])], maxTokens };
}

function completionOf({ text, inputTokens, outputTokens, cut }: SummaryResult): Completion {
  return {
    completion: text,
    usage: { input_tokens: inputTokens, output_tokens: outputTokens },
    cost: 0,
    model: OFFLINE_MODEL,
    stopReason: cut ? 'max_tokens' : 'end_turn',
    content: [{ type: 'text', text }],
  };
}
