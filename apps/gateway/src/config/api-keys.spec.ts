import { describe, expect, it } from '@jest/globals';
import { parseApiKeys } from './api-keys.js';

const SECRET = 'secret-0123456789abcdef';
const OTHER = 'secret-fedcba9876543210';

describe('parseApiKeys', () => {
  it('tells whose key it is, and whether it is one of an administrator', () => {
    const keys = parseApiKeys(`web:${SECRET}, ops:${OTHER}:admin`);
    expect(keys.find(SECRET)).toEqual({ name: 'web', admin: false });
    expect(keys.find(OTHER)).toEqual({ name: 'ops', admin: true });
    expect([keys.size, keys.names]).toEqual([2, ['web', 'ops']]);
  });

  it('tells whether a key is one of a monitor, and counts its name among no tenants', () => {
    const keys = parseApiKeys(`web:${SECRET},prometheus:${OTHER}:monitor`);
    expect(keys.find(OTHER)).toEqual({ name: 'prometheus', admin: false, monitor: true });
    expect([keys.names, keys.tenants]).toEqual([['web', 'prometheus'], ['web']]);
    expect(parseApiKeys(`web:${OTHER}:monitor,web:${SECRET}`).tenants).toEqual(['web']);
  });

  it('knows no other key', () => {
    const keys = parseApiKeys(`web:${SECRET}`);
    for (const wrong of ['', 'web', `web:${SECRET}`, SECRET.toUpperCase(), `${SECRET} `, `${SECRET}\0`]) {
      expect(keys.find(wrong)).toBeUndefined();
    }
  });

  it('takes a second key of a tenant, so that keys can be changed', () => {
    const keys = parseApiKeys(`web:${SECRET},web:${OTHER}`);
    expect(keys.find(SECRET)?.name).toBe(keys.find(OTHER)?.name);
    expect([keys.size, keys.names]).toEqual([2, ['web']]);
  });

  it('keeps no key', () => {
    const keys = parseApiKeys(`web:${SECRET}`);
    expect(JSON.stringify(keys) + String(keys)).not.toContain(SECRET);
  });

  it.each([
    ['a key without a name', SECRET, 'entry 1 is not of the form'],
    ['an empty name', `:${SECRET}`, 'entry 1 needs a name'],
    ['a name in capitals', `Web:${SECRET}`, 'entry 1 needs a name'],
    ['a name that is too long', `${'w'.repeat(33)}:${SECRET}`, 'entry 1 needs a name'],
    ['a key in the place of the name', `${SECRET}!:web`, 'entry 1 needs a name'],
    ['the name of those without a key', `anonymous:${SECRET}`, 'entry 1 may not be named'],
    ['a short key', `web:${SECRET},ops:secret-0123456`, 'entry 2 has a key of less than 16'],
    ['an endless key', `web:${'secret'.repeat(90)}`, 'entry 1 has a key of more than 512'],
    ['a key with a space', `web:${SECRET} ${SECRET}`, 'entry 1 has a key with other characters'],
    ['a key with other letters', `web:${SECRET}é`, 'entry 1 has a key with other characters'],
    ['a key twice', `web:${SECRET},ops:${SECRET}`, 'entry 2 has a key that an entry before it has'],
    ['another role', `web:${SECRET}:root`, 'entry 1 may have "admin" or "monitor"'],
    ['more than a role', `web:${SECRET}:admin:x`, 'entry 1 is not of the form'],
    ['an empty entry', `web:${SECRET},`, 'entry 2 is not of the form'],
  ])('refuses %s and shows nothing of it', (_what, text, problem) => {
    expect(() => parseApiKeys(text)).toThrow(problem);
    expect(() => parseApiKeys(text)).not.toThrow(/secret/i);
  });
});
