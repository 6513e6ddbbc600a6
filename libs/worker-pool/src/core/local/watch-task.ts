import type { TaskSnapshot } from '../contract/task.js';
import { SnapshotFeed } from '../tasks/snapshot-feed.js';
import type { LocalTask } from './local-task.js';

/**
 * The task as it stands now, then each change of its status until it has ended. A reader that leaves
 * takes its listener along.
 *
 * @throws the signal's reason, when it aborts
 */
export async function* watchTask(
  task: LocalTask,
  signal?: AbortSignal,
): AsyncGenerator<TaskSnapshot, void, undefined> {
  const feed = new SnapshotFeed();
  feed.push(Object.freeze(task.snapshot()));
  const stopListening = task.onChange((snapshot) => feed.push(snapshot));
  try {
    yield* feed.read(signal);
  } finally {
    stopListening();
  }
}
