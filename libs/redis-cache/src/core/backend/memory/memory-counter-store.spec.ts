import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../testing/fake-clock.js';
import { MemoryCounterStore } from './memory-counter-store.js';

describe('windows in memory', () => {
  it('are dropped some time after they ended, even if they are never used again', async () => {
    const clock = new FakeClock();
    const store = new MemoryCounterStore(clock.now);
    for (let caller = 0; caller < 5_000; caller += 1) {
      await store.countInWindow(`caller ${caller}`, 100, 1);
      await clock.advance(1);
    }
    expect(store.windowCount).toBeLessThan(2_000);
    expect(await store.countInWindow('caller 4999', 100, 1)).toMatchObject({ count: 2 });
  });
});
