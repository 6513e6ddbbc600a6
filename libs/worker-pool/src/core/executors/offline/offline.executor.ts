import type { Completion, CompletionRequest } from '../../contract/completion-request.js';
import { ExecutorError } from '../../errors/executor.error.js';
import { UnsupportedParameterError } from '../../errors/unsupported-parameter.error.js';
import { type ExecutionContext, Executor } from '../../contract/executor.js';
import { plainText, requirePlainText } from '../plain-text.js';
import { validateRequest } from '../validate-request.js';
import { type OfflineExecutorOptions, resolveOfflineOptions } from './offline.options.js';
import type { SummaryJob, SummaryResult } from './summary-job.js';
import { SummaryThreads } from './summary-threads.js';

/** The name under which this executor answers. */
export const OFFLINE_MODEL = 'offline-extractive';

const HONOURED = new Set(['prompt', 'messages', 'model', 'system', 'max_tokens', 'temperature']);

/**
 * Answers without a key and without a network: with a summary made of the prompt's own sentences. The
 * embedded default, for trying things out, for tests and for air-gapped machines; it is no language model
 * and says so in the answer's `model`, `offline-extractive`.
 *
 * The method is TextRank (R. Mihalcea, P. Tarau, 2004): the most central third of the sentences, three at
 * most, in their original order and wording. It works in any language that Unicode's rules can split into
 * sentences and words, and the same request always gets the same answer. Of `messages` it summarises what
 * the user said. Tokens are counted with a real tokenizer, in the encoding o200k_base. The cost is 0.
 *
 * - `max_tokens` leaves sentences out; when not even one fits, that one is cut and `stopReason` is
 *   `max_tokens` instead of `end_turn`.
 * - `model` may be any name: it is part of cache keys and changes nothing else.
 * - `system` is counted and has no influence.
 * - `temperature` is refused, but for 0: the answer is deterministic. Content that is not text and every other
 *   parameter (`top_p`, `tools`, …) are refused.
 *
 * The work is done in threads that start with the first request, so that the event loop stays free: 1 MB of
 * text takes about half a second, tokens and all, however short its sentences are. An aborted signal ends the thread at once.
 *
 * @example
 * const executor = new OfflineExecutor({ maxThreads: 1 });
 * WorkerPoolModule.forRoot({ executor });
 */
export class OfflineExecutor extends Executor {
  readonly name = 'offline';
  readonly #threads: SummaryThreads;
  #closed = false;

  /** @throws {InvalidPoolOptionsError} names the option that is wrong */
  constructor(options: OfflineExecutorOptions = {}) {
    super();
    this.#threads = new SummaryThreads(resolveOfflineOptions(options));
  }

  validate(request: CompletionRequest): void {
    validateRequest(request);
    requirePlainText(request, this.name, HONOURED);
    if (request.temperature) {
      const detail = 'its answers are deterministic, only 0 is accepted';
      throw new UnsupportedParameterError('temperature', this.name, detail);
    }
  }

  resolveModel(model = OFFLINE_MODEL): string {
    return model;
  }

  /** @throws {ExecutorError} the executor was closed, or the thread failed */
  async execute(request: CompletionRequest, { signal }: ExecutionContext): Promise<Completion> {
    this.validate(request);
    return completionOf(await this.#run(jobOf(request), signal));
  }

  /** As many as `execute` would say in `usage.input_tokens`. */
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
  const said = (role: string): string[] =>
    messages.filter((turn) => turn.role === role).map(({ content }) => plainText(content));
  const text = prompt ?? said('user').join('\n\n');
  return { text, context: [...said('assistant'), ...(system ? [plainText(system)] : [])], maxTokens };
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
