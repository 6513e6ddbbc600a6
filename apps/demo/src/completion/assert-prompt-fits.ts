import { ProblemError } from '../http/problem.js';

/**
 * Lets a prompt pass, or throws.
 *
 * @throws {ProblemError} 413 naming the field
 */
export function assertPromptFits(prompt: string, maxBytes: number): void {
  if (Buffer.byteLength(prompt) <= maxBytes) return;
  const detail = `prompt is larger than the limit of ${maxBytes} bytes`;
  throw new ProblemError(413, detail, {
    code: 'ERR_PROMPT_TOO_LARGE',
    errors: [{ field: 'prompt', detail }],
  });
}
