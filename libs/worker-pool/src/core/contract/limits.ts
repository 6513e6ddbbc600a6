/** The longest delay that Node's timers can hold, in milliseconds (about 24.8 days); a longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The last priority that a task can have: what the distributed driver's queue can tell apart. */
export const MAX_PRIORITY = 2 ** 21 - 1;

/** Characters of a deduplication key. */
export const MAX_DEDUPLICATION_KEY_LENGTH = 1_024;

/** Bytes of a task's context as JSON. */
export const MAX_CONTEXT_BYTES = 16_384;
