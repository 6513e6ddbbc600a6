import type { CompletionBody } from '../completions/completion-body.js';

/** What is put into the queue: a request, and for whom it is answered. */
export interface QueuedCompletion {
  /** The tenant's name. */
  tenant: string;
  body: CompletionBody;
}
