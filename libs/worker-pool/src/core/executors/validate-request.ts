import type { CompletionRequest } from '../contract/completion-request.js';
import { InvalidRequestError } from '../errors/invalid-request.error.js';
import { firstProblem } from './first-problem.js';
import { requestSchema } from './request.schema.js';

/**
 * Checks the form of a request: what holds for every executor.
 *
 * Text that is only white space counts as empty. Fields that are present but `undefined` count as absent.
 *
 * @throws {InvalidRequestError} names the field, such as `prompt` or `messages.0.content.1.text`
 */
export function validateRequest(request: CompletionRequest): void {
  const parsed = requestSchema.safeParse(request);
  if (!parsed.success) {
    const { field, problem } = firstProblem(parsed.error, 'request');
    throw new InvalidRequestError(field, problem);
  }
  requireOneInput(request);
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
