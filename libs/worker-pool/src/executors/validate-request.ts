import { z } from 'zod';
import type { CompletionRequest } from '../completion-request.js';
import { InvalidRequestError } from '../errors/invalid-request.error.js';
import { firstProblem } from './first-problem.js';

const text = z.string({ error: 'must be a string' }).regex(/\S/, { error: 'must not be empty' });

const message = z.strictObject(
  {
    role: z.enum(['user', 'assistant'], { error: 'must be user or assistant' }),
    content: text,
  },
  { error: 'must be an object' },
);

const MAX_TOKENS = 'must be a whole number of at least 1';
const TEMPERATURE = 'must be a number from 0 to 1';

const schema = z.strictObject(
  {
    prompt: text.optional(),
    messages: z
      .array(message, { error: 'must be an array' })
      .min(1, { error: 'must not be empty' })
      .optional(),
    model: text.optional(),
    system: text.optional(),
    max_tokens: z.int({ error: MAX_TOKENS }).min(1, { error: MAX_TOKENS }).optional(),
    temperature: z
      .number({ error: TEMPERATURE })
      .min(0, { error: TEMPERATURE })
      .max(1, { error: TEMPERATURE })
      .optional(),
  },
  { error: 'must be an object' },
);

/**
 * Checks the form of a request: what holds for every executor.
 *
 * Text that is only white space counts as empty. Fields that are present but `undefined` count as absent.
 *
 * @throws {InvalidRequestError} names the field, such as `prompt` or `messages.0.role`
 */
export function validateRequest(request: CompletionRequest): void {
  const parsed = schema.safeParse(request);
  if (!parsed.success) {
    const { field, problem } = firstProblem(parsed.error, 'request');
    throw new InvalidRequestError(field, problem);
  }
  requireOneInput(parsed.data);
}

function requireOneInput({ prompt, messages }: CompletionRequest): void {
  if (prompt === undefined && messages === undefined) {
    throw new InvalidRequestError('prompt', 'is missing');
  }
  if (prompt !== undefined && messages !== undefined) {
    throw new InvalidRequestError('messages', 'must not be given together with prompt');
  }
  if (messages && !messages.some(({ role }) => role === 'user')) {
    throw new InvalidRequestError('messages', 'must hold a turn of the user');
  }
}
