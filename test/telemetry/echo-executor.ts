import { type Completion, type CompletionRequest, type ExecutionContext, Executor } from 'nestjs-worker-pool';

/** Text that no event may contain. */
export const SECRET = 'secret-in-prompts-and-completions';

/** Completes with the prompt; the prompts `fail` and `wait` do as they say. */
export class EchoExecutor extends Executor {
  readonly name = 'echo';

  /** @param onExecute is called within each execution */
  constructor(private readonly onExecute: () => void = () => {}) {
    super();
  }

  validate(): void {}

  resolveModel = (): string => 'echo-1';

  async execute({ prompt }: CompletionRequest, { signal }: ExecutionContext): Promise<Completion> {
    this.onExecute();
    if (prompt?.startsWith('fail')) throw Object.assign(new RangeError(SECRET), { code: SECRET });
    if (prompt?.startsWith('wait')) {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    const usage = { input_tokens: 1, output_tokens: 1 };
    return {
      completion: String(prompt),
      usage,
      cost: 0,
      model: 'echo-1',
      stopReason: 'end_turn',
      content: [],
    };
  }
}
