import type { TaskResult } from '../contract/task.js';
import type { StreamSource } from '../tasks/event-stream.js';
import type { EventFollowers } from './event-followers.js';
import type { Waiter } from './followers.js';
import type { Acceptance, QueueCommands } from './queue-commands.js';
import type { TaskWaiters } from './task-waiters.js';

/** A submission that the queue has accepted, and the waiter for its end. */
export interface Accepted {
  waiter: Waiter;
  acceptance: Acceptance;
}

/** Dependencies of a {@link StreamSource}. */
export interface StreamParts {
  commands: QueueCommands;
  waiters: TaskWaiters;
  followers: EventFollowers;
}

/** The stream of a task in the queue: its events by a follower, its end by the waiter. */
export function streamSource(
  { waiter, acceptance }: Accepted,
  { commands, waiters, followers }: StreamParts,
  getResult: () => Promise<TaskResult>,
): StreamSource {
  const { taskId } = waiter;
  const follower = followers.follow(taskId, acceptance.interestId === taskId);
  return {
    taskId,
    log: follower.log,
    ending: {
      onEnd: (onResult, onFailure) =>
        waiter.onEnd(
          (result) => {
            followers.finish(follower, result);
            onResult(result);
          },
          (reason) => {
            followers.fail(follower, reason);
            onFailure(reason);
          },
        ),
    },
    leave: () => void commands.leave(acceptance).catch(() => {}),
    detach: () => {
      waiters.close(waiter);
      followers.release(follower);
    },
    getResult,
  };
}
