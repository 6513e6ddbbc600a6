import assert from 'node:assert/strict';
import { entryOf, LONG_MS, type Promises } from './subject.js';

/** The promises of `Backend` itself. */
export const linkPromises: Promises = {
  'ping and pingWrite succeed': async ({ backend }) => {
    await backend.ping();
    await backend.pingWrite();
  },

  'kind is redis or memory': async ({ backend }) => {
    assert.ok(['redis', 'memory'].includes(backend.kind), backend.kind);
  },

  'ping and pingWrite change no stored data': async ({ backend }) => {
    await backend.entries.set('key', entryOf('value'), LONG_MS);
    await backend.ping();
    await backend.pingWrite();
    assert.ok((await backend.entries.get('key'))?.equals(entryOf('value')));
  },

  'the event channel can be closed more than once': async ({ backend }) => {
    backend.events.listen(() => {});
    await Promise.all([backend.events.close(), backend.events.close()]);
    await backend.events.close();
  },

  'close can be called more than once and never rejects': async ({ backend }) => {
    await Promise.all([backend.close(), backend.close()]);
    await backend.close();
  },
};
