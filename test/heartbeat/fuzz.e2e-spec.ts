import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { longRun } from '@test/support/long-run.js';
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
import { WatchedGateway } from './heart.js';
import { MAX_UNITS } from './limit.js';

const MIB = 1_024 * 1_024;
/** The largest body that a route reads to its end. */
const MOST = 32 * MIB;
/** A run in `npm test`: for about half a minute. */
const RUN_MS = 30_000;
const { minutes, seed } = longRun({ minutes: 0, seed: 20_261_129 });

interface Request {
  readonly route: string;
  readonly what: string;
  readonly text: () => string;
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  '/v1/messages': MESSAGES,
  '/v1/messages/count_tokens': COUNT,
  '/v1/chat/completions': CHAT,
};

/** Small sizes are as likely as large ones, except that each third one is near the limit. */
const sizeUpTo = (most: number): fc.Arbitrary<number> =>
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc
        .double({ min: 0, max: Math.log2(most), noNaN: true })
        .map((power) => Math.floor(2 ** power)),
    },
    { weight: 1, arbitrary: fc.integer({ min: Math.ceil(most / 2), max: most - 1 }) },
  );

/** What texts repeat: plain, escaped, of two and three bytes, with surrogates and their halves, full of brackets. */
const unit = fc.constantFrom('w', '\n"', '\\', 'é', '漢 ', '🦊', '\uD83E', '[{', '\u0000', ' ');
const filled = (most: number): fc.Arbitrary<string> =>
  fc.tuple(unit, sizeUpTo(most)).map(([text, bytes]) => text.repeat(Math.ceil(bytes / text.length)));

const NOTHING = { type: 1 };

/** Content of a conversation: one text, many parts, images or parts that are not valid. */
function contentOf(dialect: Dialect): fc.Arbitrary<Content> {
  return fc.oneof(
    filled(MOST),
    fc.tuple(sizeUpTo(30_000), filled(800)).map(([length, text]) => list(length, () => part(text))),
    fc
      .tuple(fc.integer({ min: 1, max: 20 }), sizeUpTo(MIB))
      .map(([length, bytes]) => list(length, () => dialect.image(12 * Math.ceil(bytes / 12)))),
    sizeUpTo(30_000).map((length) => list(length, (index) => (index < length - 1 ? part('abc') : NOTHING))),
  );
}

/** Fields beside the content: tools, unknown names, a stream, or a conversation of many turns. */
function moreOf(dialect: Dialect): fc.Arbitrary<object> {
  const turn = (index: number): object => ({
    role: index % 2 ? 'assistant' : 'user',
    content: dialect.mark,
  });
  return fc.oneof(
    fc.constant({}),
    fc.boolean().map((stream) => ({ stream })),
    sizeUpTo(900).map((length) => ({ tools: list(length, dialect.tool) })),
    sizeUpTo(15_000).map((length) => named(length, (index) => `n${index}`)),
    sizeUpTo(8_000).map((length) => ({ messages: list(length, turn) })),
  );
}

const talk = fc.constantFrom(...Object.keys(DIALECTS)).chain((route) => {
  const dialect = DIALECTS[route]!;
  return fc.tuple(contentOf(dialect), moreOf(dialect)).map(([content, more]) => ({
    route,
    what: Object.keys(more).slice(0, 3).join(),
    text: () => conversation(dialect, content, more),
  }));
});

const prompt = fc
  .record({
    route: fc.constantFrom('/v1/completions', '/v1/queue'),
    text: filled(MOST),
    system: fc.option(filled(MIB), { nil: undefined }),
    tags: fc.option(sizeUpTo(30_000), { nil: undefined }),
    stream: fc.option(fc.boolean(), { nil: undefined }),
  })
  .map(({ route, text, tags, ...more }) => ({
    route,
    what: `prompt, ${tags ?? 0} tags`,
    text: () =>
      JSON.stringify({ prompt: MESSAGES.mark + text, ...more, ...(tags && { tags: list(tags, String) }) }),
  }));

/** Texts that are hardly a request: deep, of commas, of brackets, cut off. */
const hostile = fc
  .tuple(
    fc.constantFrom(...Object.keys(DIALECTS), '/v1/completions', '/v1/queue'),
    fc.constantFrom('[', '{"a":', ',', '""', '[],', '1', '"', '\\"', '\u00e9'),
    sizeUpTo(MOST),
    fc.boolean(),
  )
  .map(([route, piece, bytes, isText]) => ({
    route,
    what: `${JSON.stringify(piece)} repeated`,
    text: () => `{"a":${isText ? '"' : ''}${piece.repeat(Math.ceil(bytes / piece.length))}`,
  }));

let gateway: WatchedGateway;

beforeAll(async () => {
  gateway = await WatchedGateway.start({ RATE_LIMIT_PER_MINUTE: '1000000' });
  // The first requests load and compile code.
  for (const [route, dialect] of Object.entries(DIALECTS)) {
    for (const size of [1, MIB, 4 * MIB]) await gateway.post(route, conversation(dialect, 'w'.repeat(size)));
  }
  for (const route of ['/v1/completions', '/v1/queue']) {
    for (const size of [1, MIB]) await gateway.post(route, JSON.stringify({ prompt: 'w'.repeat(size) }));
  }
});

afterAll(() => gateway?.stop());

describe('requests at random', () => {
  it(
    'never keep all others waiting, as a miss and as a hit',
    async () => {
      let count = 0;
      let longest = { units: 0, where: 'none' };
      const check = async (request: Request): Promise<void> => {
        const body = request.text();
        fc.pre(Buffer.byteLength(body) < MOST);
        for (const time of ['first', 'again']) {
          const { status, units } = await gateway.measure(request.route, body, time === 'first');
          expect(status).toBeLessThan(500);
          count += 1;
          const where = `${request.route} ${time}, ${body.length} characters, ${request.what}`;
          if (units > longest.units) longest = { units, where };
          expect({ where, isShort: units < MAX_UNITS, units }).toMatchObject({ where, isShort: true });
        }
      };
      await fc.assert(fc.asyncProperty(fc.oneof(talk, prompt, hostile), check), {
        seed: fc.seedOr(seed),
        numRuns: Number.MAX_SAFE_INTEGER,
        interruptAfterTimeLimit: minutes === 0 ? RUN_MS : minutes * 60_000,
        endOnFailure: true,
      });
      process.stdout.write(
        `heartbeat: seed ${fc.seedOr(seed)}, ${count} requests, longest turn ${longest.units.toFixed(2)} units: ${longest.where}\n`,
      );
      expect(count).toBeGreaterThan(10);
    },
    120_000 + minutes * 60_000,
  );
});
