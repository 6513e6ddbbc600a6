import {
  CHAT,
  type Content,
  conversation,
  COUNT,
  type Dialect,
  list,
  MESSAGES,
  named,
  part,
} from './dialects.js';

const KIB = 1_024;
const MIB = KIB * KIB;

/** A large or hostile body. */
export interface Body {
  readonly what: string;
  /** The text that is sent. */
  readonly text: () => string;
  /** The status of its response. */
  readonly status: number;
}

type Row = readonly [what: string, text: () => string, status: number];

const bodies = (...rows: readonly Row[]): Body[] =>
  rows.map(([what, text, status]) => ({ what, text, status }));

const role = (index: number): string => (index % 2 ? 'assistant' : 'user');
const levels = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** Bodies that are no request on any route. */
const HOSTILE = bodies(
  ['20,000 levels', () => `{"a":${levels(20_000)}}`, 400],
  ['30 MB, not JSON', () => `{"a":"${'x'.repeat(30 * MIB)}`, 400],
  ['30 MB of white space', () => `{${' '.repeat(30 * MIB)}}`, 413],
  ['30 MB of empty strings', () => `[${'""'.repeat(15 * MIB)}]`, 413],
  ['30 MB of commas', () => `[${','.repeat(30 * MIB)}]`, 413],
  ['a number of 30 MB', () => `{"a":${'1'.repeat(30 * MIB)}}`, 413],
  ['names of 28 MB', () => JSON.stringify(named(28, (index) => `${index % 10}`.repeat(MIB) + index)), 413],
);

/** Bodies of the routes that take a conversation. */
function conversations(dialect: Dialect): Body[] {
  const { image, tool, mark } = dialect;
  const body = (content: Content, more?: object) => () => conversation(dialect, content, more);
  const messages = list(500, (index) => ({
    role: role(index),
    content: [part('z'.repeat(2_000)), part(`${mark} ${'q'.repeat(500)}`)],
  }));
  const short = list(7_000, (index) => ({ role: role(index), content: mark }));
  const texts = list(9_000, () => part('abc'));
  return bodies(
    ['500 messages, 100 tools', body('', { messages, tools: list(100, tool) }), 200],
    ['7,000 messages', body('', { messages: short }), 200],
    ['9,000 blocks', body(texts), 200],
    ['700 tools', body('', { tools: list(700, tool) }), 200],
    ['30 MB in one image', body([image(30 * MIB)]), 200],
    ['30 MB in 20 images', body(list(20, () => image(1.5 * MIB))), 200],
    ['7 MB of text', body('w'.repeat(7 * MIB)), 200],
    ['7 MB in 7,000 texts', body(list(7_000, () => part('w'.repeat(KIB)))), 200],
    ['6 MB of unicode', body('é漢'.repeat(1.2 * MIB)), 200],
    ['7 MB of escapes', body('\n"'.repeat(3.5 * MIB)), 200],
    ['5 MB of halves of surrogate pairs', body('\uD83E'.repeat(5 * MIB)), 413],
    [
      '9,000 texts with 70 halves of surrogate pairs',
      body(list(9_000, () => part('\uD83E'.repeat(70)))),
      413,
    ],
    ['5 MB of control characters', body('\u0000'.repeat(5 * MIB)), 200],
    ['7 MB of brackets', body('[{'.repeat(3.5 * MIB)), 200],
    ['20,000 blocks', body(list(20_000, () => part('abc'))), 413],
    ['a text of 30 MB', body('w'.repeat(30 * MIB)), 413],
    ['9,000 bad blocks', body(list(9_000, () => ({ type: 1 }))), 400],
    ['a bad block after 9,000', body([...texts, { type: 1 }]), 400],
  );
}

const block = (data: unknown) => () => conversation(MESSAGES, [{ type: 'x', data }]);

/** Content that only the Messages API leaves to its service. */
function unknown(): Body[] {
  return bodies(
    ['29,000 numbers', block(list(29_000, (index) => index)), 200],
    ['14,000 names', block(named(14_000, (index) => `n${index}`)), 200],
    ['29,000 texts of 1,000', block(list(29_000, () => 'w'.repeat(1_000))), 200],
    ['8,000 texts of 480', block(list(8_000, () => 'w'.repeat(480))), 200],
    ['20 MB of escapes', block('\n"'.repeat(5 * MIB)), 200],
    [
      'a message that is refused',
      () => conversation({ ...MESSAGES, mark: '[[api invalid]]' }, 'w'.repeat(7 * MIB)),
      400,
    ],
  );
}

/** Requests with large replies. */
function replies(dialect: Dialect): Body[] {
  const reply = (megabytes: number, stream: boolean) => () =>
    conversation({ ...dialect, mark: `[[api flood ${16 * megabytes}]]` }, '', { stream });
  return bodies(
    ['a reply of 6 MB', reply(6, false), 200],
    ['a reply of 6 MB as events', reply(6, true), 200],
    ['a reply of 30 MB', reply(30, false), 200],
    ['a reply of 30 MB as events', reply(30, true), 200],
  );
}

const prompt = (text: string, more?: object) => () =>
  JSON.stringify({ prompt: MESSAGES.mark + text, ...more });

/** Bodies of the routes that take a prompt, with the status of a prompt that takes some megabytes. */
function prompts(ok: number, large = ok): Body[] {
  const unknownFields = named(14_000, (index) => `n${index}`);
  return bodies(
    ['0.9 MB of text', prompt('w'.repeat(0.9 * MIB)), ok],
    ['7 MB of text', prompt('w'.repeat(7 * MIB)), large],
    ['6 MB of unicode', prompt('é漢'.repeat(1.2 * MIB)), large],
    ['7 MB of escapes', prompt('\n"'.repeat(3.5 * MIB)), large],
    ['5 MB of halves of surrogate pairs', prompt('\uD83E'.repeat(5 * MIB)), 413],
    ['60,000 halves of surrogate pairs', prompt('\uD83E'.repeat(60_000)), ok],
    ['5 MB of control characters', prompt('\u0000'.repeat(5 * MIB)), large],
    ['7 MB of brackets', prompt('[{'.repeat(3.5 * MIB)), large],
    ['a text of 30 MB', prompt('w'.repeat(30 * MIB)), 413],
    ['30 MB of system', prompt('', { system: 's'.repeat(30 * MIB) }), 413],
    ['30 MB of blanks', () => JSON.stringify({ prompt: ' '.repeat(30 * MIB) }), 413],
    ['a megabyte of blanks', () => JSON.stringify({ prompt: ' '.repeat(MIB) }), 400],
    ['29,000 tags', prompt('', { tags: list(29_000, String) }), 400],
    ['9,000 bad tags', prompt('', { tags: list(9_000, () => '!') }), 400],
    ['14,000 unknown fields', prompt('', unknownFields), 400],
  );
}

export const ROUTES: Readonly<Record<string, readonly Body[]>> = {
  '/v1/messages': [...conversations(MESSAGES), ...unknown(), ...HOSTILE, ...replies(MESSAGES)],
  '/v1/messages/count_tokens': [...conversations(COUNT), ...HOSTILE],
  '/v1/chat/completions': [...conversations(CHAT), ...HOSTILE, ...replies(CHAT)],
  '/v1/completions': [...prompts(200), ...HOSTILE],
  '/v1/queue': [...prompts(202, 400), ...HOSTILE],
  '/v1/messages/batches': bodies(['30 MB', () => JSON.stringify({ requests: 'x'.repeat(30 * MIB) }), 404]),
};
