import { describe, expect, it } from '@jest/globals';
import { array, assert, asyncProperty, jsonValue, string } from 'fast-check';
import { type JsonLimits, parseInSteps } from './large-json.js';

const NO_LIMITS: JsonLimits = { count: () => {}, structure: () => {}, surrogates: () => {} };
const parse = async (text: string): Promise<unknown> => JSON.parse(text) as unknown;
const parsed = (text: string): Promise<unknown> => parseInSteps(Buffer.from(text), parse, NO_LIMITS);

const LONG = 'A "quoted" text \\ with\nlines, ünïcödé and 🦊. '.repeat(40);

describe('parseInSteps', () => {
  it('returns what JSON.parse returns', async () => {
    const json = array(jsonValue({ maxDepth: 3 }), { maxLength: 5 });
    const long = string({ minLength: 400, maxLength: 700, unit: 'binary' });
    await assert(
      asyncProperty(json, array(long, { maxLength: 5 }), async (values, texts) => {
        const value = { values, texts, [LONG]: LONG, nested: [[texts], { [`${LONG}2`]: texts[0] ?? null }] };
        expect(await parsed(JSON.stringify(value, null, 2))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('keeps long names and the order of properties', async () => {
    const text = `{"b": 1, ${JSON.stringify(LONG)} \n: "${'x'.repeat(900)}", "a": "${'y'.repeat(900)}"}`;
    expect(Object.keys((await parsed(text)) as object)).toEqual(['b', LONG, 'a']);
  });

  it.each([
    ['a control character in a long text', `{"a":"${'x'.repeat(900)}\n"}`],
    ['an invalid escape in a long text', `{"a":"${'x'.repeat(900)}\\q"}`],
    ['a long text without an end', `{"a":"${'x'.repeat(900)}`],
    ['two long texts without a comma', `["${'x'.repeat(900)}" "${'x'.repeat(900)}"]`],
  ])('refuses %s', async (_what, text) => {
    await expect(parsed(text)).rejects.toThrow(SyntaxError);
  });

  it('survives deep nesting', async () => {
    const depth = 5_000;
    let value = await parsed(`${'['.repeat(depth)}"${'x'.repeat(900)}"${']'.repeat(depth)}`);
    for (let level = 0; level < depth; level += 1) [value] = value as [unknown];
    expect(value).toBe('x'.repeat(900));
  });

  it('parses no long text together with the rest, and serves others in between', async () => {
    const image = 'iVBORw0KGgo'.repeat(100_000);
    const text = JSON.stringify({ images: Array.from({ length: 8 }, () => image) });
    const lengths: number[] = [];
    let turns = 0;
    let isParsed = false;
    const count = (): void => {
      turns += 1;
      if (!isParsed) setImmediate(count);
    };
    setImmediate(count);
    const observed = async (part: string): Promise<unknown> => {
      lengths.push(part.length);
      return parse(part);
    };
    const value = await parseInSteps(Buffer.from(text), observed, NO_LIMITS);
    isParsed = true;
    expect(value).toEqual(JSON.parse(text));
    expect(Math.max(...lengths)).toBeLessThan(1_000);
    // For each quarter of a megabyte that is scanned, and for each text of more than a megabyte.
    expect(turns).toBeGreaterThanOrEqual(40);
  });

  it('decodes a very long text in pieces, each in a turn of its own', async () => {
    const text = `["${'é\\n\\u00e9\\\\'.repeat(400_000)}"]`;
    let turns = 0;
    let isParsed = false;
    const count = (): void => {
      turns += 1;
      if (!isParsed) setImmediate(count);
    };
    setImmediate(count);
    const value = await parsed(text);
    isParsed = true;
    expect(value).toEqual(JSON.parse(text));
    const megabytes = Buffer.byteLength(text) / 1_024 ** 2;
    expect(turns).toBeGreaterThanOrEqual(5 * Math.floor(megabytes));
  });

  it.each([
    ['white space', `[1,${' '.repeat(1_000)}"${'x'.repeat(900)}"]`],
    ['long names', `{"${'n'.repeat(990)}":"${'x'.repeat(900)}"}`],
    ['short texts', `["${'s'.repeat(500)}","${'s'.repeat(498)}","${'x'.repeat(900)}"]`],
  ])('reports the bytes of %s before it parses', async (_what, text) => {
    const refusal = new Error('too much');
    const structure = (bytes: number): void => {
      if (bytes > 990) throw refusal;
    };
    const parsing = parseInSteps(Buffer.from(text), () => Promise.reject(new Error('parsed')), {
      ...NO_LIMITS,
      structure,
    });
    await expect(parsing).rejects.toBe(refusal);
  });

  it('counts the halves of surrogate pairs that stand alone', async () => {
    const counts: number[] = [];
    const surrogates = (halves: number): void => void counts.push(halves);
    const pairs = '\\ud83e\\udd8a🦊'.repeat(100);
    const text = `["${pairs}\\ud83e","\\udd8a\\ud83e${pairs}","\\ud83e"]`;
    await parseInSteps(Buffer.from(text), parse, { ...NO_LIMITS, surrogates });
    expect(counts).toEqual([1, 2, 3, 4]);
  });
});
