import type { z } from 'zod';
import type { CompletionRequest, ContentBlock } from '../contract/completion-request.js';
import { InvalidRequestError, UnsupportedParameterError } from '../contract/errors.js';
import { openRequestSchema, requestSchema } from './request.schema.js';

type Content = string | readonly ContentBlock[];

// A field name may come from the sender, at any length.
const MAX_NAME_CHARS = 100;

/**
 * Validates a request for an executor that knows all fields that it honours.
 *
 * Blank text counts as empty. Fields that are present but `undefined` count as absent. Of `headers`, the known versions
 * of the API and headers without influence on the answer are accepted.
 *
 * @throws {InvalidRequestError} names the field, such as `prompt` or `messages.0.content.1.text`
 * @throws {UnsupportedParameterError} names the header
 */
export function validateRequest(request: CompletionRequest, executor: string): void {
  parse(requestSchema, request);
  requireOneInput(request);
  if (request.messages && !request.messages.some(({ role }) => role === 'user')) {
    throw new InvalidRequestError('messages', 'must contain a turn of the user');
  }
  refuseHeaders(request.headers, executor);
}

/**
 * Validates a request for an executor whose service knows more than this package: the types of known fields and blocks.
 * Whether an empty text is accepted is left to the service.
 *
 * @throws {InvalidRequestError} names the field
 */
export function validateOpenRequest(request: CompletionRequest): void {
  parse(openRequestSchema, request);
  requireOneInput(request);
}

function parse(schema: z.ZodType, request: unknown): void {
  const parsed = schema.safeParse(request);
  if (!parsed.success) {
    throw toInvalidRequest(parsed.error.issues[0]!);
  }
}

const VERSION_HEADER = 'anthropic-version';
const VERSIONS: readonly string[] = ['2023-06-01', '2026-10-21'];
const WITHOUT_INFLUENCE = /^(x-claude-code-.*|anthropic-dangerous-direct-browser-access)$/;

function refuseHeaders(headers: CompletionRequest['headers'] = {}, executor: string): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name === VERSION_HEADER && !VERSIONS.includes(value)) {
      throw new InvalidRequestError(name, `must be one of ${VERSIONS.join(', ')}`);
    }
    if (name !== VERSION_HEADER && value.trim() !== '' && !WITHOUT_INFLUENCE.test(name)) {
      throw new UnsupportedParameterError(name, executor);
    }
  }
}

/**
 * For executors that only accept text: refuses every field that the executor does not know and content other than
 * text. The form of the request has been validated before.
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
    if (value !== undefined && field !== 'headers' && !fields.has(field)) {
      throw new UnsupportedParameterError(field, executor);
    }
  }
  requireText(request.system ?? '', 'system', executor);
  for (const [index, { content }] of (request.messages ?? []).entries()) {
    requireText(content, `messages.${index}.content`, executor);
  }
}

/** The text of a message or a system prompt that contains only text. */
export function plainText(content: Content): string {
  return typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('\n\n');
}

function toInvalidRequest(first: z.core.$ZodIssue): InvalidRequestError {
  const { issue, path } = innermost(first, []);
  const key = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = [...path, ...key].join('.').slice(0, MAX_NAME_CHARS);
  return new InvalidRequestError(field || 'request', issue.message);
}

interface LocatedIssue {
  issue: z.core.$ZodIssue;
  path: PropertyKey[];
}

/** For a value that matches no branch of a union: the issue inside the branch that the value resembles, if any. */
function innermost(issue: z.core.$ZodIssue, parents: readonly PropertyKey[]): LocatedIssue {
  const path = [...parents, ...issue.path];
  const branches = issue.code === 'invalid_union' ? issue.errors : [];
  const inside = branches.map(([first]) => first).find((first) => first && first.path.length > 0);
  return inside ? innermost(inside, path) : { issue, path };
}

function requireOneInput({ prompt, messages }: CompletionRequest): void {
  if (prompt === undefined && messages === undefined) {
    throw new InvalidRequestError('prompt', 'is missing');
  }
  if (prompt !== undefined && messages !== undefined) {
    throw new InvalidRequestError('messages', 'must not be given together with prompt');
  }
}

function requireText(content: Content, path: string, executor: string): void {
  for (const [index, block] of typeof content === 'string' ? [] : content.entries()) {
    const foreign = Object.keys(block).find((field) => field !== 'type' && field !== 'text');
    if (block.type !== 'text') {
      throw new UnsupportedParameterError(`${path}.${index}`, executor, 'it accepts only text');
    }
    if (foreign !== undefined) {
      throw new UnsupportedParameterError(`${path}.${index}.${foreign}`, executor);
    }
  }
}
