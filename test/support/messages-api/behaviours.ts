/**
 * How a mark in the prompt controls the API: `[[api rate-limit 3]]`, the second word is an argument.
 *
 * text …          the answer is the argument
 * facts           (without a mark) the answer is JSON with the body and the headers of the request
 * count n         the answer is a count of tokens, n or the length of the messages as JSON: the usual one where
 *                 tokens are to be counted
 * no-count        the same without the count
 * refusal, max-tokens, stop-sequence, tool-use, thinking    end in that way
 * invalid         400, with a message that quotes the prompt and the key
 * forbidden       403
 * rate-limit n    429 with `retry-after: n`
 * broken          500
 * overloaded      529
 * proxy           502 with a page that is no JSON
 * late-overload   an error in the middle of the stream
 * no-usage        a message without `usage`
 * cut-early       the connection ends before the answer begins
 * cut             it ends in the middle of the answer
 * cut-short       the answer ends in its middle, in good order
 * hang            begins the answer and never goes on
 * silent          never begins the answer
 * gate            answers when the test says so
 * steps a|b|c     streams a text in these pieces; each event leaves when the test says so, see steps.ts
 * unknown-events  has an event, a delta and fields that no version of the API has
 * flood n         streams a text of n pieces of 64 KiB, as fast as it is read
 */
import { type EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type ApiMessage, eventsOf, messageOf, sse } from './message.js';
import type { Steps } from './steps.js';

export interface ApiCall {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: { model: string; stream?: boolean; [field: string]: unknown };
  /** The prompt's text, whatever form it came in. */
  readonly text: string;
  /** How the exchange ended: the answer was written, or the client went away before. */
  readonly ended: Promise<'answered' | 'gone'>;
  /** Emit `open` to let a `gate` answer, `cut` to end its connection. */
  readonly gate: EventEmitter;
  /** Controls the events of `steps`. */
  readonly steps: Steps;
}

type Behaviour = (reply: ServerResponse, call: ApiCall, argument: string) => void | Promise<void>;

const REQUEST_ID = 'req_test';

export function refuse(reply: ServerResponse, status: number, type: string, message: string): void {
  reply.writeHead(status, { 'content-type': 'application/json', 'request-id': REQUEST_ID });
  reply.end(JSON.stringify({ type: 'error', error: { type, message }, request_id: REQUEST_ID }));
}

function send(reply: ServerResponse, body: object): void {
  reply.writeHead(200, { 'content-type': 'application/json', 'request-id': REQUEST_ID });
  reply.end(JSON.stringify(body));
}

function begin(reply: ServerResponse): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': REQUEST_ID });
}

function answer(reply: ServerResponse, { body }: ApiCall, patch: Partial<ApiMessage>): void {
  const message = messageOf(body.model, patch);
  if (body.stream) {
    begin(reply);
    reply.end(eventsOf(message).map(sse).join(''));
  } else {
    send(reply, message);
  }
}

/** Writes the answer as far as the middle of its text. */
function beginAnswer(reply: ServerResponse, { body }: ApiCall): Promise<void> {
  begin(reply);
  const events = eventsOf(messageOf(body.model)).slice(0, 4);
  return new Promise((resolve) => reply.write(events.map(sse).join(''), () => resolve()));
}

/** The events of `steps`: `message_start`, `content_block_start`, a delta for each piece, and three for the end. */
function stepsOf({ body }: ApiCall, argument: string): string[] {
  const pieces = argument.split('|');
  const events = eventsOf(messageOf(body.model, text(pieces.join(''))), () => pieces);
  return events.filter(({ type }) => type !== 'ping').map(sse);
}

const text = (value: string) => ({ content: [{ type: 'text', text: value, citations: null }] });

export const behaviours: Record<string, Behaviour> = {
  facts: (reply, call) =>
    answer(reply, call, text(JSON.stringify({ body: call.body, headers: call.headers }))),
  text: (reply, call, argument) => answer(reply, call, text(argument)),
  count: (reply, { text: { length } }, argument) => send(reply, { input_tokens: Number(argument || length) }),
  'no-count': (reply) => send(reply, { input_tokens: 'many' }),
  refusal: (reply, call) =>
    answer(reply, call, {
      ...text('I cannot'),
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: 'cyber', explanation: null },
    }),
  'max-tokens': (reply, call) =>
    answer(reply, call, { ...text('An answer that'), stop_reason: 'max_tokens' }),
  'stop-sequence': (reply, call) =>
    answer(reply, call, { ...text('one, two'), stop_reason: 'stop_sequence', stop_sequence: 'three' }),
  'tool-use': (reply, call) =>
    answer(reply, call, {
      content: [
        { type: 'text', text: 'Let me look.', citations: null },
        {
          type: 'tool_use',
          id: 'toolu_1',
          name: 'look',
          input: { where: ['here', 'there'], deep: true },
          caller: { type: 'direct' },
        },
      ],
      stop_reason: 'tool_use',
    }),
  thinking: (reply, call) =>
    answer(reply, call, {
      content: [{ type: 'thinking', thinking: 'Hm, so.', signature: 'c2ln' }, ...text('Done.').content],
    }),
  invalid: (reply, call) =>
    refuse(
      reply,
      400,
      'invalid_request_error',
      `max_tokens: too many, for key ${String(call.headers['authorization']).slice(7)} and “${call.text}”`,
    ),
  forbidden: (reply) => refuse(reply, 403, 'permission_error', 'not yours'),
  'rate-limit': (reply, _call, seconds) => {
    if (seconds) reply.setHeader('retry-after', seconds);
    refuse(reply, 429, 'rate_limit_error', 'too fast');
  },
  broken: (reply) => refuse(reply, 500, 'api_error', 'Internal server error'),
  overloaded: (reply) => refuse(reply, 529, 'overloaded_error', 'Overloaded'),
  proxy: (reply) => {
    reply.writeHead(502, { 'content-type': 'text/html' });
    reply.end('<h1>Bad gateway</h1>');
  },
  'late-overload': async (reply, call) => {
    await beginAnswer(reply, call);
    reply.end(sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } as never));
  },
  'no-usage': (reply, call) => answer(reply, call, { usage: { output_tokens: 1 } }),
  'cut-early': (reply) => void reply.socket?.destroy(),
  cut: async (reply, call) => {
    await beginAnswer(reply, call);
    reply.socket?.destroy();
  },
  'cut-short': async (reply, call) => {
    await beginAnswer(reply, call);
    reply.end();
  },
  hang: beginAnswer,
  'unknown-events': (reply, call) => {
    begin(reply);
    const [start, ping, ...rest] = eventsOf(messageOf(call.body.model, { unknown: [1] } as object));
    const unknown = { type: 'content_block_delta', index: 0, delta: { type: 'new_delta', more: null } };
    const events = [
      start!,
      { type: 'new_event', nested: { a: [] } },
      ping!,
      ...rest.toSpliced(1, 0, unknown),
    ];
    reply.end(events.map(sse).join(''));
  },
  silent: () => {},
  gate: async (reply, call) => {
    const way = await Promise.race(['open', 'cut'].map((event) => once(call.gate, event).then(() => event)));
    if (way === 'open') answer(reply, call, text('through the gate'));
    else reply.socket?.destroy();
  },
  flood: (reply, { body }, count) => {
    begin(reply);
    const pieces = Array<string>(Number(count)).fill('x'.repeat(65_536));
    const events = eventsOf(messageOf(body.model, text(pieces.join(''))), () => pieces);
    Readable.from(events.map(sse)).pipe(reply);
  },
  steps: (reply, call, argument) => {
    begin(reply);
    reply.flushHeaders();
    return call.steps.play(reply, stepsOf(call, argument));
  },
};
