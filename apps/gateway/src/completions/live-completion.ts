import type { CacheStatus } from 'nestjs-redis-cache/http';
import type { Completion } from 'nestjs-worker-pool';
import type { AnswerOrigin } from '../http/answer.js';
import type { CompletionAnswer } from './completion-call.js';
import type { CompletionPiece } from './completion-pieces.js';

/** A completion that is being computed, here or in another process. */
export interface LiveCompletion {
  /** The cache key. */
  readonly key: string;
  readonly origin: AnswerOrigin & { readonly ageSeconds: number | null };
  readonly cacheStatus: CacheStatus;
  /** The pieces from the first one on, as they come. */
  readonly pieces: AsyncIterable<CompletionPiece>;
  /** Counts it as answered. To be called with its last piece. */
  count(value: Completion): void;
}

/** The stored answer to a call, or one that is being computed. */
export type StreamedCompletion = { readonly answer: CompletionAnswer } | { readonly live: LiveCompletion };
