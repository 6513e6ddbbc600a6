/** Values shaped like the response of a large language model. */

const WORDS = `the cache keeps an answer that took long to compute and hands it out again when the same
  question comes back so nobody waits twice model tokens latency budget every request costs money while a
  stored response costs almost nothing however it must never be older than its time to live which is why
  each entry carries both dates`.split(/\s+/);
const MARKS = ['—', '“quoted”', 'naïve', '…', '→', '数据'];
const SENTENCES_PER_PARAGRAPH = 4;

/** Pseudo-random numbers from 0 to below 1, the same in every process and every run. */
function numbersFrom(seed) {
  let state = (seed + 1) * 2_654_435_761;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function sentence(next, words) {
  const length = 8 + Math.floor(next() * 10);
  const text = Array.from({ length }, () => words[Math.floor(next() * words.length)]).join(' ');
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function textOf(length, next, words) {
  let text = '';
  for (let count = 1; text.length < length; count += 1) {
    text += sentence(next, words) + (count % SENTENCES_PER_PARAGRAPH === 0 ? '\n\n' : ' ');
  }
  return text.slice(0, length);
}

function answer(seed, text) {
  return {
    id: `msg_${String(seed).padStart(20, '0')}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5-20250929',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 412, output_tokens: Math.ceil(text.length / 4), cache_read_input_tokens: 0 },
    cost: 0.004_812,
  };
}

const sizeOf = (value) => Buffer.byteLength(JSON.stringify(value));

/**
 * Returns a response that takes `bytes` bytes as JSON, or up to four fewer.
 *
 * @param {{ bytes: number, plain?: boolean }} shape `plain: false` mixes in characters beyond ASCII
 * @param {number} seed responses of different seeds differ
 */
export function makePayload({ bytes, plain = true }, seed) {
  const words = plain ? WORDS : [...WORDS, ...MARKS];
  let text = textOf(bytes, numbersFrom(seed), words);
  for (let over = 1; over > 0;) {
    over = sizeOf(answer(seed, text)) - bytes;
    // A character takes up to four bytes: cutting a quarter of the excess at a time never cuts too much.
    if (over > 0) text = text.slice(0, -Math.ceil(over / 4)).trimEnd();
  }
  // A round trip through JSON flattens strings that were concatenated, which the first use would otherwise do.
  return JSON.parse(JSON.stringify(answer(seed, text)));
}
