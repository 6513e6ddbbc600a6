/**
 * A stand-in for the Messages API that streams a given number of pieces at a given pace. Each piece is a text delta that
 * begins with the time at which it was sent, on a clock that all processes of the machine share.
 *
 * The prompt says how: `pieces=200 pace=10`, the pace in milliseconds between pieces; 0 sends all at once.
 */
import { createServer } from 'node:http';
import { sharedNow } from '../lib/clock.mjs';

const FILLER = ' a few words of an answer';

const sse = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const usage = (output_tokens) => ({ input_tokens: 10, output_tokens });

const message = {
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-5-5',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: usage(1),
};

const HEAD = [
  { type: 'message_start', message },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
];

const tailOf = (pieces) => [
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: usage(pieces) },
  { type: 'message_stop' },
];

function piece() {
  return {
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: `${sharedNow()}${FILLER}` },
  };
}

/** Sends each piece when its time has come, late ones at once. */
function stream(response, { pieces, pace }) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_bench' });
  response.write(HEAD.map(sse).join(''));
  const startedAt = performance.now();
  let sent = 0;
  const send = () => {
    const due = pace === 0 ? pieces : Math.floor((performance.now() - startedAt) / pace) + 1;
    for (; sent < Math.min(due, pieces); sent += 1) response.write(sse(piece()));
    if (sent === pieces) return response.end(tailOf(pieces).map(sse).join(''));
    return setTimeout(send, startedAt + sent * pace - performance.now());
  };
  send();
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const numberIn = (text, name) => Number(new RegExp(`${name}=(\\d+)`).exec(text)?.[1] ?? 1);

const server = createServer(async (request, response) => {
  const body = await bodyOf(request);
  stream(response, { pieces: numberIn(body, 'pieces'), pace: numberIn(body, 'pace') });
});
server.on('connection', (socket) => socket.setNoDelay(true));
server.listen(0, '127.0.0.1', () => console.log(`Listening on http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => process.exit());
