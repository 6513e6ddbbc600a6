/** Runs one contender in this process and performs the tasks that the parent sends. */
import { contenders } from '../contenders/index.mjs';
import { telemetryContenders } from '../contenders/telemetry.mjs';
import * as partTasks from './part-tasks.mjs';
import * as queueTasks from './queue-tasks.mjs';
import * as tasks from './tasks.mjs';

let session;

const commands = {
  async setup(_session, { name, context }) {
    const contender = [...contenders, ...telemetryContenders].find((candidate) => candidate.name === name);
    const startedAt = performance.now();
    session = await contender.setup(context);
    const setupMs = performance.now() - startedAt;
    const offered = Object.entries(session.operations).filter(([, operation]) => operation !== undefined);
    return { operations: offered.map(([operation]) => operation), setupMs };
  },
  async end() {
    await session?.teardown();
  },
  ...tasks,
  ...queueTasks,
  ...partTasks,
};

process.on('message', async ({ id, command, args }) => {
  try {
    process.send({ id, result: await commands[command](session, args) });
  } catch (error) {
    process.send({ id, error: error instanceof Error ? error.stack : String(error) });
  }
});
// The parent has ended, or has disconnected from this process.
process.on('disconnect', () => process.exit());
