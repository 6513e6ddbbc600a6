import { describe, expect, it } from '@jest/globals';
import { parseApiKeys } from './api-keys.js';

const SECRET = 'secret-0123456789abcdef';
const OTHER = 'secret-fedcba9876543210';

describe('parseApiKeys', () => {
  it('returns the owner of a key and whether it is an administrator', () => {
    const keys = parseApiKeys(`web:${SECRET}, ops:${OTHER}:admin`);
    expect(keys.find(SECRET)).toEqual({ name: 'web', admin: false });
    expect(keys.find(OTHER)).toEqual({ name: 'ops', admin: true });
    expect([keys.size, keys.names]).toEqual([2, ['web', 'ops']]);
  });

  it('marks the key of a monitor and does not list its name as a tenant', () => {
    const keys = parseApiKeys(`web:${SECRET},prometheus:${OTHER}:monitor`);
    expect(keys.find(OTHER)).toEqual({ name: 'prometheus', admin: false, monitor: true });
    expect([keys.names, keys.tenants]).toEqual([['web', 'prometheus'], ['web']]);
    expect(parseApiKeys(`web:${OTHER}:monitor,web:${SECRET}`).tenants).toEqual(['web']);
  });

  it('does not find any other key', () => {
    const keys = parseApiKeys(`web:${SECRET}`);
    for (const wrong of ['', 'web', `web:${SECRET}`, SECRET.toUpperCase(), `${SECRET} `, `${SECRET}\0`]) {
      expect(keys.find(wrong)).toBeUndefined();
    }
  });

  it('accepts a second key of a tenant, so that keys can be replaced', () => {
    const keys = parseApiKeys(`web:${SECRET},web:${OTHER}`);
    expect(keys.find(SECRET)?.name).toBe(keys.find(OTHER)?.name);
    expect([keys.size, keys.names]).toEqual([2, ['web']]);
  });

  it('does not keep the keys themselves', () => {
    const keys = parseApiKeys(`web:${SECRET}`);
    expect(JSON.stringify(keys) + String(keys)).not.toContain(SECRET);
  });

  it.each([
    ['a key without a name', SECRET, 'entry 1 is not of the form'],
    ['an empty name', `:${SECRET}`, 'entry 1 needs a name'],
    ['a name in capitals', `Web:${SECRET}`, 'entry 1 needs a name'],
    ['too long a name', `${'w'.repeat(33)}:${SECRET}`, 'entry 1 needs a name'],
    ['a key in place of the name', `${SECRET}!:web`, 'entry 1 needs a name'],
    ['the name of callers without a key', `anonymous:${SECRET}`, 'entry 1 must not be named'],
    ['a short key', `web:${SECRET},ops:secret-0123456`, 'entry 2 has a key of fewer than 16'],
    ['too long a key', `web:${'secret'.repeat(90)}`, 'entry 1 has a key of more than 512'],
    ['a key with a space', `web:${SECRET} ${SECRET}`, 'entry 1 has a key with characters other'],
    ['a key with a non-ASCII letter', `web:${SECRET}é`, 'entry 1 has a key with characters other'],
    ['a repeated key', `web:${SECRET},ops:${SECRET}`, 'entry 2 repeats the key of an earlier entry'],
    ['an unknown role', `web:${SECRET}:root`, 'entry 1 may only have the role "admin" or "monitor"'],
    ['text after the role', `web:${SECRET}:admin:x`, 'entry 1 is not of the form'],
    ['an empty entry', `web:${SECRET},`, 'entry 2 is not of the form'],
  ])('refuses %s without repeating it', (_what, text, problem) => {
    expect(() => parseApiKeys(text)).toThrow(problem);
    expect(() => parseApiKeys(text)).not.toThrow(/secret/i);
  });
});
