/**
 * The stand-in's responses. The mark in the conversation's last user text selects one:
 *
 *   [[say TEXT]]            TEXT; also without a mark, then `The answer.`
 *   [[tool NAME JSON]]      calls the tool; after its result, `The tool said: …`; several tools are separated by `;`
 *   [[think]] [[redacted]]  thinks first, readably or not
 *   [[cite]]                text with citations
 *   [[search]]              a search that the API runs itself
 *   [[format]]              JSON as text
 *   [[cut]]                 ends by max_tokens
 *   [[refuse]]              ends as a refusal
 *   [[edited]]              says that the context was edited
 *   [[status 529]]          an error with this status
 *   [[break]]               the connection ends in the middle of the stream
 *   [[fail]]                an `error` event in the middle of the stream
 *   [[hang]]                begins the stream and never goes on
 */
import { sendError, sendJson } from './send.mjs';

const MARK = /\[\[([a-z]+)(?: ([\s\S]*?))?\]\]/;
const TYPES = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};
const RATE_LIMITS = {
  'anthropic-ratelimit-requests-limit': '4000',
  'anthropic-ratelimit-requests-remaining': '3999',
  'anthropic-organization-id': 'org-1',
};

let made = 0;

export async function replyTo(call, response, api) {
  const { body, pathname } = call;
  if (pathname.endsWith('/count_tokens'))
    return sendJson(response, 200, { input_tokens: call.raw.length }, RATE_LIMITS);
  const [, mode = 'say', argument] = MARK.exec(lastText(body.messages)) ?? [];
  if (mode === 'status') {
    const status = Number(argument);
    return sendError(response, status, TYPES[status], `the API says ${status}`);
  }
  const message = messageFor(body, mode, argument, api);
  if (!body.stream) return sendJson(response, 200, message, RATE_LIMITS);
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...RATE_LIMITS });
  const events = eventsOf(message);
  if (mode === 'break' || mode === 'fail' || mode === 'hang') {
    response.write(events.slice(0, 4).map(sse).join(''));
    if (mode === 'break') setTimeout(() => response.destroy(), 50);
    if (mode === 'fail')
      response.end(sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }));
    return;
  }
  response.end(events.map(sse).join(''));
}

/** The text of the last turns without text being results: the last turn of the user that says something. */
function lastText(messages) {
  for (const { role, content } of messages.toReversed()) {
    if (role !== 'user') continue;
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const text = blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
    if (MARK.test(text)) return text;
  }
  return '';
}

function messageFor(body, mode, argument, api) {
  made += 1;
  const { content, stop_reason = 'end_turn', ...more } = replies[mode](argument, body);
  const usage = {
    input_tokens: 11,
    cache_creation_input_tokens: 20,
    cache_read_input_tokens: 100,
    cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
    output_tokens: 7,
    service_tier: 'standard',
    inference_geo: 'not_available',
  };
  return {
    model: body.model,
    id: `msg_${String(made).padStart(24, '0')}`,
    type: 'message',
    role: 'assistant',
    content,
    stop_reason,
    stop_sequence: null,
    ...(body.thread && api.threads && { thread: { id: `thread_${made}` } }),
    usage,
    ...more,
  };
}

const text = (value) => ({ content: [{ type: 'text', text: value }] });

const replies = {
  say: (value = 'The answer.') => text(value),
  format: () => text('{"city":"Paris","people":2000000}'),
  break: () => text('An answer that breaks off.'),
  fail: () => text('An answer that fails late.'),
  hang: () => text('An answer that never ends.'),
  cut: () => ({ ...text('An answer that'), stop_reason: 'max_tokens' }),
  refuse: () => ({
    ...text('I cannot.'),
    stop_reason: 'refusal',
    stop_details: { type: 'refusal', category: 'cyber', explanation: 'no' },
  }),
  edited: () => ({ ...text('Edited.'), context_management: { applied_edits: [] } }),
  tool(argument, { messages }) {
    const said = resultIn(messages.at(-1));
    if (said !== null) return text(`The tool said: ${said}`);
    const calls = argument.split(';').map((call, index) => {
      const [, name, json] = /^\s*(\S+) ([\s\S]*)$/.exec(call);
      return { type: 'tool_use', id: `toolu_${made}${index}`, name, input: JSON.parse(json) };
    });
    return { content: [...text('Let me look.').content, ...calls], stop_reason: 'tool_use' };
  },
  think: () => ({
    content: [
      { type: 'thinking', thinking: 'Hm, so.', signature: 'c2lnbmF0dXJl' },
      ...text('Thought.').content,
    ],
  }),
  redacted: () => ({
    content: [{ type: 'redacted_thinking', data: 'ZW5jcnlwdGVk' }, ...text('Thought.').content],
  }),
  cite: () => ({
    content: [
      { type: 'text', text: 'It says ' },
      {
        type: 'text',
        text: 'hello',
        citations: [
          {
            type: 'char_location',
            cited_text: 'hello',
            document_index: 0,
            document_title: 'Doc',
            file_id: null,
            start_char_index: 0,
            end_char_index: 5,
          },
        ],
      },
      { type: 'text', text: '.' },
    ],
  }),
  search: () => ({
    content: [
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'weather' } },
      {
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: [
          {
            type: 'web_search_result',
            url: 'https://a.example',
            title: 'A',
            encrypted_content: 'ZW5j',
            page_age: null,
          },
        ],
      },
      ...text('It is sunny.').content,
    ],
    usage: {
      input_tokens: 11,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 7,
      server_tool_use: { web_search_requests: 1 },
    },
  }),
};

function resultIn({ content }) {
  if (typeof content === 'string') return null;
  const results = content.filter(({ type }) => type === 'tool_result');
  return results.length === 0 ? null : results.map(resultText).join(' and ');
}

function resultText({ content = [] }) {
  return typeof content === 'string' ? content : content.map((block) => block.text ?? block.type).join('');
}

function sse(event) {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** A message as the events of the API's stream, texts in two pieces. */
function eventsOf({
  content,
  stop_reason,
  stop_sequence,
  stop_details,
  usage,
  context_management,
  ...message
}) {
  const start = {
    ...message,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usage, output_tokens: 1 },
  };
  const delta = { stop_reason, stop_sequence, ...(stop_details && { stop_details }) };
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } = usage;
  const { server_tool_use } = usage;
  const counts = { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens };
  return [
    { type: 'message_start', message: start },
    ...content.flatMap(blockEvents),
    {
      type: 'message_delta',
      delta,
      usage: { ...counts, ...(server_tool_use && { server_tool_use }) },
      ...(context_management && { context_management }),
    },
    { type: 'message_stop' },
  ].toSpliced(1, 0, { type: 'ping' });
}

const halves = (value) => {
  const middle = Math.ceil(value.length / 2);
  return [value.slice(0, middle), value.slice(middle)].filter((part) => part !== '');
};

function blockEvents(block, index) {
  const [content_block, deltas] = piecesOf(block);
  return [
    { type: 'content_block_start', index, content_block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

function piecesOf(block) {
  switch (block.type) {
    case 'text': {
      const { citations, ...rest } = block;
      return [
        { ...rest, text: '', ...(citations && { citations: [] }) },
        [
          ...(citations ?? []).map((citation) => ({ type: 'citations_delta', citation })),
          ...halves(block.text).map((part) => ({ type: 'text_delta', text: part })),
        ],
      ];
    }
    case 'thinking':
      return [
        { ...block, thinking: '', signature: '' },
        [
          ...halves(block.thinking).map((part) => ({ type: 'thinking_delta', thinking: part })),
          { type: 'signature_delta', signature: block.signature },
        ],
      ];
    case 'tool_use':
    case 'server_tool_use':
      return [
        { ...block, input: {} },
        ['', ...halves(JSON.stringify(block.input))].map((partial_json) => ({
          type: 'input_json_delta',
          partial_json,
        })),
      ];
    default:
      return [block, []];
  }
}
