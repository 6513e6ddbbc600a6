import { describe, expect, it } from '@jest/globals';
import { InvalidHostsError, parseHosts } from './parse-hosts.js';

describe('parseHosts', () => {
  it('reads names in lower case', () => {
    expect(parseHosts('Gateway.Example, other-1.example ,x')).toEqual([
      'gateway.example',
      'other-1.example',
      'x',
    ]);
  });

  it.each(['https://gateway.example', 'gateway.example:80', 'one,,two', '-', '*', ''])(
    'refuses %j and says which entry is wrong',
    (text) => {
      expect(() => parseHosts(text)).toThrow(InvalidHostsError);
      expect(() => parseHosts(text)).toThrow(/^entry [12] is no name of a host/);
    },
  );
});
