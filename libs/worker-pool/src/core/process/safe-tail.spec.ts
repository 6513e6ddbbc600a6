import { describe, expect, it } from '@jest/globals';
import { safeTail } from './safe-tail.js';

describe('safeTail', () => {
  it('is one line without control characters', () => {
    const output = '\u001B[31mError:\u001B[0m\u0007 cannot\r\n\tconnect\u202E\u0000\n';
    expect(safeTail(output, [])).toBe('Error: cannot connect');
  });

  it('keeps the last 300 characters', () => {
    const tail = safeTail(`${'x'.repeat(5_000)} the end`, []);
    expect(tail).toHaveLength(300);
    expect(tail.endsWith(' the end')).toBe(true);
  });

  it('hides a secret, a long part of it, and one that spans lines', () => {
    const secrets = ['sk-ant-0123456789abcdef', 'The password of the safe is swordfish.'];
    expect(safeTail('key sk-ant-0123456789abcdef refused', secrets)).toBe('key […] refused');
    expect(safeTail('key sk-ant-01234567 refused', secrets)).toBe('key […] refused');
    expect(safeTail('prompt: "safe is\n   swordfish."', secrets)).toBe('prompt: "[…]"');
  });

  it('hides a short secret as a whole, but no part of it', () => {
    expect(safeTail('user hunter2 refused', ['hunter2'])).toBe('user […] refused');
    expect(safeTail('this is it', ['is', ''])).toBe('this is it');
  });
});
