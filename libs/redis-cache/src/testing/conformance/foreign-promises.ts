import assert from 'node:assert/strict';
import { assertBytes, entryOf, LONG_MS, type Promises, pushAll, shiftOne } from './subject.js';

/** Puts what another program might have put there. */
export interface PlantForeign {
  /** Something under an entry's key that no `get` could answer, such as a list. */
  entry?: (key: string) => Promise<unknown>;
  /** Something among a queue's requests that is none. */
  request?: (queue: string) => Promise<unknown>;
}

/** What is promised about things of other programs, as far as there can be any. */
export function foreignPromises({ entry, request }: PlantForeign): Promises {
  return { ...(entry && entryPromises(entry)), ...(request && requestPromises(request)) };
}

function entryPromises(plant: NonNullable<PlantForeign['entry']>): Promises {
  return {
    'discardForeign removes what is no entry, and then one can be stored': async ({
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
    'shift answers an empty text for what is no request, and goes on': async ({ backend: { queue } }) => {
      await pushAll(queue, 'before');
      await plant('queue');
      await pushAll(queue, 'after');
      const taken = [await shiftOne(queue), await shiftOne(queue), await shiftOne(queue)];
      assert.deepEqual(taken, ['before', '', 'after']);
      assert.equal(await shiftOne(queue), null);
    },
  };
}
