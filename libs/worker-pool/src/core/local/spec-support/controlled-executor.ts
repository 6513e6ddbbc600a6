import type { Completion, CompletionRequest } from '../../contract/completion-request.js';
import { InvalidRequestError } from '../../contract/errors.js';
import { type ExecutionContext, Executor } from '../../contract/executor.js';

/** One call of the executor; the spec decides when and how it ends. */
export interface ControlledCall {
  request: CompletionRequest;
  context: ExecutionContext;
  complete(patch?: Partial<Completion>): void;
  fail(reason: unknown): void;
}

export const answerOf = (patch: Partial<Completion> = {}): Completion => ({
  completion: 'an answer',
  usage: { input_tokens: 3, output_tokens: 2 },
  cost: 0.5,
  model: 'controlled-1',
  stopReason: 'end_turn',
  content: [{ type: 'text', text: 'an answer' }],
  ...patch,
});

/** An executor whose calls end when the spec ends them; by default it also stops on its signal. */
export class ControlledExecutor extends Executor {
  readonly name = 'controlled';
  readonly calls: ControlledCall[] = [];
  running = 0;
  mostRunning = 0;
  closes = 0;
  readonly #startWaiters: (() => void)[] = [];

  constructor(private readonly obeysSignal = true) {
    super();
  }

  validate(request: CompletionRequest): void {
    if (!request.prompt) {
      throw new InvalidRequestError('prompt', 'is missing');
    }
  }

  resolveModel(model = 'controlled-1'): string {
    return model;
  }

  async execute(request: CompletionRequest, context: ExecutionContext): Promise<Completion> {
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      return await this.#wait(request, context);
    } finally {
      this.running -= 1;
    }
  }

  override async close(): Promise<void> {
    this.closes += 1;
  }

  /** The call with this index, as soon as it has been made. */
  async call(index: number): Promise<ControlledCall> {
    for (;;) {
      const call = this.calls[index];
      if (call) {
        return call;
      }
      await new Promise<void>((resolve) => {
        this.#startWaiters.push(resolve);
      });
    }
  }

  get prompts(): (string | undefined)[] {
    return this.calls.map(({ request }) => request.prompt);
  }

  #wait(request: CompletionRequest, context: ExecutionContext): Promise<Completion> {
    return new Promise((resolve, reject) => {
      const complete = (patch?: Partial<Completion>): void => resolve(answerOf(patch));
      this.calls.push({ request, context, complete, fail: reject });
      if (this.obeysSignal) {
        context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true });
      }
      this.#startWaiters.splice(0).forEach((wake) => wake());
    });
  }
}
