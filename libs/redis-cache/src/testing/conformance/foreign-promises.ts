import assert from 'node:assert/strict';
import { assertBytes, entryOf, LONG_MS, type Promises, pushAll, shiftOne } from './subject.js';

/** Stores data as another program might have stored it. */
export interface PlantForeign {
  /** Stores a value under an entry's key that `get` cannot read, such as a list. */
  entry?: (key: string) => Promise<unknown>;
  /** Adds an item to a queue that is not a request. */
  request?: (queue: string) => Promise<unknown>;
}

/** The promises about data of other programs, as far as the test can store any. */
export function foreignPromises({ entry, request }: PlantForeign): Promises {
  return { ...(entry && entryPromises(entry)), ...(request && requestPromises(request)) };
}

function entryPromises(plant: NonNullable<PlantForeign['entry']>): Promises {
  return {
    'discardForeign removes a value that is not an entry, so that an entry can be stored': async ({
      backend: { entries },
    }) => {
      await plant('key');
      assert.equal(await entries.discardForeign('key'), 1);
      assert.equal(await entries.discardForeign('key'), 0);
      assertBytes(await entries.get('key'), null);
      await entries.set('key', entryOf('value'), LONG_MS);
      assertBytes(await entries.get('key'), entryOf('value'));
    },
  };
}

function requestPromises(plant: NonNullable<PlantForeign['request']>): Promises {
  return {
    'shift returns an empty string for an item that is not a request, then the next requests': async ({
      backend: { queue },
    }) => {
      await pushAll(queue, 'before');
      await plant('queue');
      await pushAll(queue, 'after');
      const taken = [await shiftOne(queue), await shiftOne(queue), await shiftOne(queue)];
      assert.deepEqual(taken, ['before', '', 'after']);
      assert.equal(await shiftOne(queue), null);
    },
  };
}
