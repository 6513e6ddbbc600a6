import type { IncomingHttpHeaders } from 'node:http';
import type { CompletionRequest, ContentBlock } from 'nestjs-worker-pool';
import { ProblemError } from '../http/problem.js';

const VERSION_HEADER = 'anthropic-version';
const VERSIONS: ReadonlySet<string> = new Set(['2023-06-01', '2026-10-21']);
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  VERSION_HEADER,
  'anthropic-dangerous-direct-browser-access',
]);

/**
 * Lets headers pass that the gateway can honour: versions of the API that it speaks, no beta features, no
 * workspace or user profile.
 *
 * @throws {ProblemError} 400 naming the header
 */
export function assertHonoured(headers: IncomingHttpHeaders): void {
  const version = headers[VERSION_HEADER];
  if (version !== undefined && !VERSIONS.has(String(version))) {
    throw refused(VERSION_HEADER, `must be one of ${[...VERSIONS].join(', ')}`);
  }
  for (const name in headers) {
    if (name.startsWith('anthropic-') && !WITHOUT_EFFECT.has(name)) {
      throw refused(name, 'is not supported by this gateway');
    }
  }
}

function refused(field: string, detail: string): ProblemError {
  return new ProblemError(400, `${field}: ${detail}`, {
    code: 'ERR_VALIDATION',
    errors: [{ field, detail }],
  });
}

/**
 * Lets a request pass whose texts fit into the limit of a prompt. Images and documents are bounded by the body's.
 *
 * @throws {ProblemError} 413 naming the field
 */
export function assertTextFits({ prompt, messages, system }: CompletionRequest, maxBytes: number): void {
  const texts = [prompt, system, ...(messages ?? []).map(({ content }) => content)].flatMap(textsOf);
  // A UTF-16 code unit takes three bytes at most, so short texts need not be counted.
  if (sum(texts, ({ length }) => length * 3) <= maxBytes) return;
  if (sum(texts, (text) => Buffer.byteLength(text)) <= maxBytes) return;
  const detail = `are larger than the limit of ${maxBytes} bytes, with the system prompt`;
  throw new ProblemError(413, `messages: ${detail}`, {
    code: 'ERR_PROMPT_TOO_LARGE',
    errors: [{ field: 'messages', detail }],
  });
}

function textsOf(content: string | ContentBlock[] = []): string[] {
  if (typeof content === 'string') return [content];
  return content.map(({ text }) => (typeof text === 'string' ? text : ''));
}

function sum(texts: readonly string[], bytesOf: (text: string) => number): number {
  return texts.reduce((bytes, text) => bytes + bytesOf(text), 0);
}
