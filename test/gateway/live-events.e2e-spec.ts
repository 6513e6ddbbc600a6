import { once } from 'node:events';
import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from './start-gateway.js';

/** As many as a process has room for. */
const ROOM = 200;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});

afterAll(() => gateway?.stop());

/** The status of a request for the events; its connection is closed as soon as that is known. */
async function listen(): Promise<number> {
  const leaving = new AbortController();
  const { status } = await fetch(`${gateway.url}/v1/events`, { signal: leaving.signal });
  leaving.abort();
  return status;
}

describe('the live events', () => {
  it('do not count a HEAD request as a listener', async () => {
    for (let asked = 0; asked < ROOM + 1; asked += 1) {
      const { status } = await fetch(`${gateway.url}/v1/events`, { method: 'HEAD' });
      expect(status).toBe(200);
    }
    expect(await listen()).toBe(200);
  });

  it('limit the listeners, and accept a new one after a disconnect', async () => {
    const open = Array.from({ length: ROOM }, () => get(`${gateway.url}/v1/events`));
    await Promise.all(open.map((request) => once(request, 'response')));
    expect(await listen()).toBe(503);
    for (const request of open) request.destroy();
    for (let status = 503; status !== 200;) status = await listen();
  });
});
