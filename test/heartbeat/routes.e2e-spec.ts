import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from './bodies.js';
import { WatchedGateway } from './heart.js';
import { MAX_UNITS } from './limit.js';

let gateway: WatchedGateway;
const table: string[] = ['| route | body | time | status | units | ms | ms of a pause | ms of a unit |'];

beforeAll(async () => {
  gateway = await WatchedGateway.start({ RATE_LIMIT_PER_MINUTE: '1000000' });
  // The first requests load and compile code.
  for (const [route, bodies] of Object.entries(ROUTES)) {
    for (const { text } of bodies.slice(0, 4)) await gateway.post(route, text());
  }
});

afterAll(async () => {
  await gateway?.stop();
  process.stdout.write(`\n${table.join('\n')}\n`);
});

const CASES = Object.entries(ROUTES).flatMap(([route, bodies]) => bodies.map((body) => ({ route, ...body })));

describe('no request keeps all others waiting:', () => {
  it.each(CASES)('$route: $what', async ({ route, what, text, status: expected }) => {
    const body = text();
    for (const time of ['first', 'again']) {
      const { status, units, ...ms } = await gateway.measure(route, body, time === 'first');
      const figures = [
        units.toFixed(2),
        ...[ms.longestMs, ms.gcMs, ms.unitMs].map((value) => value.toFixed(1)),
      ];
      table.push(`| ${[route, what, time, status, ...figures].join(' | ')} |`);
      expect(status).toBe(expected);
      expect(units).toBeLessThan(MAX_UNITS);
    }
  });
});
