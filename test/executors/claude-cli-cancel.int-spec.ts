import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ClaudeCliOptions } from 'nestjs-worker-pool';
import { ClaudeHarness, context } from './claude-harness.js';
import { pidsFrom, runs } from './processes.js';

describe('a cancelled run of the ClaudeCliExecutor', () => {
  let harness: ClaudeHarness;

  const start = async (mode: string, options: ClaudeCliOptions = {}) => {
    const file = join(harness.folder, 'pids.json');
    const controller = new AbortController();
    const executor = harness.make(options);
    const request = { prompt: `[[fake-claude ${mode} ${file}]]`, system: 'Be brief.' };
    const answer = executor.execute(request, context(controller.signal));
    const outcome = answer.then(
      () => 'an answer',
      (error: unknown) => error,
    );
    const { claude = 0, grandchild = 0 } = await pidsFrom(file);
    expect(runs(claude)).toBe(true);
    return { controller, executor, outcome, claude, grandchild };
  };

  beforeEach(async () => {
    harness = await ClaudeHarness.start();
  });

  afterEach(() => harness.end());

  it.each([
    ['ends immediately', 'hang', 60_000],
    ['ends after the grace period, although it ignores SIGTERM', 'deaf', 50],
  ])('%s', async (_name, mode, killGraceMs) => {
    const { controller, outcome, claude } = await start(mode, { killGraceMs });
    const reason = new Error('cancelled by the user');
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    expect(runs(claude)).toBe(false);
    expect(await harness.leftovers()).toEqual([]);
  });

  it('ends with its whole process group, including a grandchild that ignores SIGTERM', async () => {
    const { controller, outcome, claude, grandchild } = await start('grandchild', { killGraceMs: 50 });
    expect(runs(grandchild)).toBe(true);
    controller.abort();
    expect(await outcome).toMatchObject({ name: 'AbortError' });
    expect([runs(claude), runs(grandchild)]).toEqual([false, false]);
    expect(await harness.leftovers()).toEqual([]);
  });

  it('ends with its whole process group when the executor is closed, which then refuses requests', async () => {
    const { executor, outcome, claude, grandchild } = await start('grandchild', { killGraceMs: 50 });
    await Promise.all([executor.close(), executor.close()]);
    expect([runs(claude), runs(grandchild)]).toEqual([false, false]);
    expect(await harness.leftovers()).toEqual([]);
    expect(await outcome).toMatchObject({ message: 'the executor was closed' });
    await expect(executor.execute({ prompt: 'a' }, context())).rejects.toThrow('the executor was closed');
  });

  it('is not started when the signal has already aborted', async () => {
    const reason = new Error('too late');
    const answer = harness.make().execute({ prompt: 'a' }, context(AbortSignal.abort(reason)));
    await expect(answer).rejects.toBe(reason);
    expect(await harness.runs()).toEqual([]);
  });
});
