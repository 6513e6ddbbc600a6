import { hash } from 'node:crypto';
import {
  anthropicVersionOf,
  type CompletionMessage,
  type CompletionRequest,
  type ContentBlock,
} from 'nestjs-worker-pool';
import { digestsInSteps } from '../util/digests-in-steps.js';

const VERSION = 'anthropic-version';
const BETA = 'anthropic-beta';
/** Headers that do not influence the answer. */
const WITHOUT_INFLUENCE = /^(x-claude-code-.*|anthropic-dangerous-direct-browser-access)$/;
/** Start of the block with which Claude Code says which release sent the request; the API removes it. */
const ATTRIBUTION = 'x-anthropic-billing-header:';

/** Longer texts are in the key as their digest: hashing them costs a tenth of writing them as JSON. */
const MAX_LITERAL = 512;
/** The form of a digest. A text of this form is replaced by its own digest, so that no text equals another's digest. */
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const DIGEST_LENGTH = 71;

/**
 * The part of a request that influences the answer, in the simplest equivalent form, so that equivalent requests share an
 * entry: a single turn of the user is a `prompt`, a single text block is its text, empty fields are left out, and betas
 * are a sorted set. Left out are `metadata.user_id`, an attribution block at the head of `system`, and headers that only
 * identify the client.
 */
export function keyFieldsOf(request: CompletionRequest): Fields {
  return condensed(simplified(request), (text) => hash('sha256', text, 'hex')) as Fields;
}

/** As {@link keyFieldsOf}, with long texts hashed in steps, between which other requests are served. */
export async function keyFieldsInSteps(request: CompletionRequest): Promise<Fields> {
  const fields = simplified(request);
  const texts: string[] = [];
  condensed(fields, (text) => String(texts.push(text)));
  const digests = (await digestsInSteps(texts)).values();
  return condensed(fields, () => digests.next().value!) as Fields;
}

function simplified(request: CompletionRequest): Fields {
  const { messages, system, stop_sequences, tools, cache_control, metadata, headers, ...rest } = request;
  return {
    ...rest,
    ...(messages && inputOf(messages.map(plainMessage))),
    ...(system !== undefined && system !== null && systemOf(system)),
    ...(stop_sequences?.length && { stop_sequences }),
    ...(tools?.length && { tools }),
    ...(cache_control && { cache_control }),
    ...(metadata && metadataOf(metadata)),
    ...(headers && headerFields(request, headers)),
  };
}

type Digest = (text: string) => string;

/** The value with a digest in place of each long text, in their order: a copy, or the value itself if it has none. */
function condensed(value: unknown, digest: Digest): unknown {
  if (typeof value === 'string') return isLiteral(value) ? value : `sha256:${digest(value)}`;
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? condensedItems(value, digest) : condensedFields(value as Fields, digest);
}

function condensedItems(items: readonly unknown[], digest: Digest): readonly unknown[] {
  const copy = items.map((item) => condensed(item, digest));
  return copy.some((item, index) => item !== items[index]) ? copy : items;
}

type Fields = Record<string, unknown>;

function condensedFields(fields: Fields, digest: Digest): Fields {
  let copy: Fields | undefined;
  for (const name of Object.keys(fields)) {
    const item = condensed(fields[name], digest);
    if (item !== fields[name]) (copy ??= { ...fields })[name] = item;
  }
  return copy ?? fields;
}

function isLiteral(text: string): boolean {
  return text.length <= MAX_LITERAL && (text.length !== DIGEST_LENGTH || !DIGEST.test(text));
}

type Content = string | ContentBlock[];

function inputOf(messages: CompletionMessage[]): Pick<CompletionRequest, 'prompt' | 'messages'> {
  const [first] = messages;
  const isPrompt = messages.length === 1 && first?.role === 'user' && Object.keys(first).length === 2;
  return isPrompt && typeof first.content === 'string' ? { prompt: first.content } : { messages };
}

function plainMessage({ content, ...message }: CompletionMessage): CompletionMessage {
  return { ...message, content: plain(content) };
}

function systemOf(system: Content): { system?: Content } {
  if (typeof system === 'string' || !isAttribution(system[0])) return { system: plain(system) };
  return system.length === 1 ? {} : { system: plain(system.slice(1)) };
}

function isAttribution(block: ContentBlock | undefined): boolean {
  return typeof block?.text === 'string' && block.text.startsWith(ATTRIBUTION);
}

/** Replaces a single text block without other fields by its text. */
function plain(content: Content): Content {
  if (typeof content === 'string' || content.length !== 1) return content;
  const [only] = content;
  const isText = only?.type === 'text' && typeof only.text === 'string' && Object.keys(only).length === 2;
  return isText ? only.text! : content;
}

function metadataOf({ user_id: _, ...metadata }: object & { user_id?: unknown }): object {
  return Object.keys(metadata).length > 0 ? { metadata } : {};
}

function headerFields(request: CompletionRequest, given: Readonly<Record<string, string>>): object {
  const { [VERSION]: version = anthropicVersionOf(request), [BETA]: beta = '', ...more } = given;
  const names = beta.split(',').map((name) => name.trim());
  const betas = [...new Set(names.filter((name) => name !== ''))].toSorted();
  const headers = {
    ...Object.fromEntries(Object.entries(more).filter(([name]) => !WITHOUT_INFLUENCE.test(name))),
    ...(version !== anthropicVersionOf(request) && { [VERSION]: version }),
    ...(betas.length > 0 && { [BETA]: betas }),
  };
  return Object.keys(headers).length > 0 ? { headers } : {};
}
