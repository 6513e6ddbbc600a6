import { describe, expect, it } from '@jest/globals';
import { array, assert, asyncProperty, jsonValue, string } from 'fast-check';
import { parseInSteps } from './large-json.js';

const parse = async (text: string): Promise<unknown> => JSON.parse(text) as unknown;
const parsed = (text: string): Promise<unknown> => parseInSteps(Buffer.from(text), parse, () => {});

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
    const value = await parseInSteps(Buffer.from(text), observed, () => {});
    isParsed = true;
    expect(value).toEqual(JSON.parse(text));
    expect(Math.max(...lengths)).toBeLessThan(1_000);
    // Once for each megabyte that is scanned, and once for each text of more than a megabyte.
    expect(turns).toBeGreaterThanOrEqual(16);
  });
});
