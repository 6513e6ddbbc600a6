import type { CompletionRequest, ContentBlock } from '../contract/completion-request.js';
import { UnsupportedParameterError } from '../errors/unsupported-parameter.error.js';

type Content = string | readonly ContentBlock[];

/** The text of a message or a system prompt that holds nothing else. */
export function plainText(content: Content): string {
  return typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('\n\n');
}

/**
 * Refuses every field that an executor does not know, and content that is more than text, for executors that
 * take no more than that. The form has been checked before.
 *
 * @param fields names of the fields that the executor honours
 * @throws {UnsupportedParameterError} names the field, such as `tools` or `messages.0.content.1`
 */
export function requirePlainText(
  request: CompletionRequest,
  executor: string,
  fields: ReadonlySet<string>,
): void {
  for (const [field, value] of Object.entries(request)) {
    if (value !== undefined && !fields.has(field)) {
      throw new UnsupportedParameterError(field, executor);
    }
  }
  requireText(request.system ?? '', 'system', executor);
  for (const [index, { content }] of (request.messages ?? []).entries()) {
    requireText(content, `messages.${index}.content`, executor);
  }
}

function requireText(content: Content, path: string, executor: string): void {
  for (const [index, block] of typeof content === 'string' ? [] : content.entries()) {
    const foreign = Object.keys(block).find((field) => field !== 'type' && field !== 'text');
    if (block.type !== 'text') {
      throw new UnsupportedParameterError(`${path}.${index}`, executor, 'it takes text alone');
    }
    if (foreign !== undefined) {
      throw new UnsupportedParameterError(`${path}.${index}.${foreign}`, executor);
    }
  }
}
