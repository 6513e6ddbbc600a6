import { describe, expect, it } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, string } from 'fast-check';
import { safeTail } from './safe-tail.js';

describe('safeTail', () => {
  it('is one line without control characters', async () => {
    const output = '\u001B[31mError:\u001B[0m\u0007 cannot\r\n\tconnect\u202E\u0000\n';
    expect(await safeTail(output, [])).toBe('Error: cannot connect');
  });

  it('keeps the last 300 characters', async () => {
    const tail = await safeTail(`${'x'.repeat(5_000)} the end`, []);
    expect(tail).toHaveLength(300);
    expect(tail.endsWith(' the end')).toBe(true);
  });

  it('hides a secret, a long part of it, and one that spans lines', async () => {
    const secrets = ['sk-ant-0123456789abcdef', 'The password of the safe is swordfish.'];
    expect(await safeTail('key sk-ant-0123456789abcdef refused', secrets)).toBe('key […] refused');
    expect(await safeTail('key sk-ant-01234567 refused', secrets)).toBe('key […] refused');
    expect(await safeTail('prompt: "safe is\n   swordfish."', secrets)).toBe('prompt: "[…]"');
  });

  it('hides a short secret as a whole, but no part of it', async () => {
    expect(await safeTail('user hunter2 refused', ['hunter2'])).toBe('user […] refused');
    expect(await safeTail('this is it', ['is', ''])).toBe('this is it');
  });

  it('hides exactly the passages of 12 characters that a secret has', async () => {
    const letters = string({ unit: constantFrom('a', 'b', 'é'), maxLength: 80 });
    await assert(
      asyncProperty(letters, array(letters, { maxLength: 3 }), async (output, secrets) => {
        expect(await safeTail(output, secrets)).toBe(withoutPassages(output, secrets));
      }),
    );
  });

  it('finds a passage anywhere in a secret of megabytes, in steps between which other work is done', async () => {
    const text = Array.from({ length: 400_000 }, (_, index) => `${index.toString(36)} \n`).join('');
    let turns = 0;
    const count = setInterval(() => (turns += 1), 0);
    // Each passage lies across the end of a step.
    for (const end of [1, 7, 16].map((step) => step * 131_072)) {
      const output = `prompt: "${text.slice(end - 20, end + 20)}" refused`;
      expect(await safeTail(output, [text])).toMatch(/^prompt: ".{0,3}\[…\].{0,3}" refused$/);
    }
    clearInterval(count);
    expect(turns).toBeGreaterThanOrEqual(10);
  });
});

/** What the tail is, by comparing each passage of the output with each secret. */
function withoutPassages(output: string, secrets: readonly string[]): string {
  const isHidden = Array.from(output, () => false);
  for (const secret of secrets) {
    const run = Math.min(12, secret.length);
    if (run < 4) continue;
    for (let at = 0; at + run <= output.length; at += 1) {
      if (secret.includes(output.slice(at, at + run))) isHidden.fill(true, at, at + run);
    }
  }
  const shown = Array.from(output, (letter, at) => (isHidden[at] ? (isHidden[at - 1] ? '' : '[…]') : letter));
  return shown.join('').trim();
}
