import assert from 'node:assert/strict';
import { entryOf, LONG_MS, type Promises } from './subject.js';

/** What `Backend` itself promises. */
export const linkPromises: Promises = {
  'it can be reached': async ({ backend }) => {
    await backend.ping();
    await backend.pingWrite();
  },

  'it is one kind or the other': async ({ backend }) => {
    assert.ok(['redis', 'memory'].includes(backend.kind), backend.kind);
  },

  'its round trips leave what is stored alone': async ({ backend }) => {
    await backend.entries.set('key', entryOf('value'), LONG_MS);
    await backend.ping();
    await backend.pingWrite();
    assert.ok((await backend.entries.get('key'))?.equals(entryOf('value')));
  },

  'events may be listened to, and closed more than once': async ({ backend }) => {
    backend.events.listen(() => {});
    await Promise.all([backend.events.close(), backend.events.close()]);
    await backend.events.close();
  },

  'close may come more than once and never rejects': async ({ backend }) => {
    await Promise.all([backend.close(), backend.close()]);
    await backend.close();
  },
};
