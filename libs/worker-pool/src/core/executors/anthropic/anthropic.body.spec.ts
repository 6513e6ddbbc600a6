import { describe, expect, it } from '@jest/globals';
import { encodedCall } from './anthropic.body.js';

const LONG = 'An "escaped" text \\ with\nlines, ünïcödé and 🦊. '.repeat(60_000);

describe('the body of a call', () => {
  it('is left to the SDK if it is small', async () => {
    const body = { messages: [{ role: 'user', content: 'x'.repeat(100_000) }] };
    const headers = { 'anthropic-version': '1' };
    expect(await encodedCall(body, headers)).toEqual({ body, headers });
  });

  it('is the same JSON as bytes if it is large', async () => {
    const body = {
      model: 'm',
      nothing: undefined,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: LONG },
            { type: 'text', text: 'short' },
          ],
        },
        { role: 'assistant', content: `🦊${LONG}${LONG}` },
      ],
      [LONG.slice(0, 1_000)]: 1,
    };
    const { body: json, headers } = await encodedCall(body, { 'anthropic-version': '1' });
    expect(headers).toEqual({ 'anthropic-version': '1', 'content-type': 'application/json' });
    expect(JSON.parse(await (json as Blob).text())).toEqual(JSON.parse(JSON.stringify(body)));
  });

  it('is written in steps, between which other work is done', async () => {
    let turns = 0;
    let isWritten = false;
    const count = (): void => {
      turns += 1;
      if (!isWritten) setImmediate(count);
    };
    setImmediate(count);
    await encodedCall({ image: 'A'.repeat(8 * 1_024 * 1_024) }, {});
    isWritten = true;
    expect(turns).toBeGreaterThanOrEqual(8);
  });
});
