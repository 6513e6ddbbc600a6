/**
 * The program that uses the libraries while their Redis fails: an ordinary process, so that unhandled errors, warnings
 * and handles that keep it alive show. A test drives it over HTTP: `POST /<step>` with the arguments as JSON.
 *
 *   node --import ./test/support/typescript.mjs test/chaos/subject/main.ts '{"connection":{…},"deadlineMs":1000}'
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Site } from '../operations/site.js';
import type { Program } from '../operations/operation.js';
import type { Data } from '../promise.js';
import { knowRedis, resolveRedis, shiftClock } from './machine.js';
import { Steps } from './steps.js';

const unhandled: string[] = [];
for (const event of ['unhandledRejection', 'uncaughtException', 'warning']) {
  process.on(event, (reason: unknown) =>
    unhandled.push(`${event}: ${(reason as Error).stack ?? String(reason)}`),
  );
}

knowRedis();
const settings = JSON.parse(process.argv[2]!) as Omit<Program, 'site'>;
let site: Promise<Site> | undefined;
const steps = new Steps({ ...settings, site: () => (site ??= Site.start(settings)) });

const STEPS: Record<string, (argument: never) => unknown> = {
  open: () => steps.open(),
  prepare: () => steps.prepare(),
  call: (calls: number) => steps.call(calls),
  recover: (data: Data) => steps.recover(data),
  lost: () => steps.lost(),
  close: () => steps.close(),
  resolve: resolveRedis,
  shiftClock,
  end: () => {
    control.close();
    return unhandled;
  },
};

async function run(request: IncomingMessage): Promise<unknown> {
  const argument = JSON.parse(await text(request)) as never;
  return STEPS[request.url!.slice(1)]!(argument);
}

const control = createServer((request, response) => {
  const reply = (status: number, body: unknown): unknown =>
    response.writeHead(status, { connection: 'close' }).end(JSON.stringify(body ?? null));
  run(request).then(
    (result) => reply(200, result),
    (error: Error) => reply(500, error.stack),
  );
});
control.listen(0, '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${(control.address() as AddressInfo).port}`);
});
