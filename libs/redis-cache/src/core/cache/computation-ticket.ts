import { z } from 'zod';
import { assertKey } from '../entry/arguments.js';
import type { TagVersions } from '../entry/entry-envelope.js';
import { InvalidTicketError } from '../errors/errors.js';
import { RANGES } from '../options/get-or-set-options.js';
import { checkedTags, type Settings } from './settings.js';

/**
 * Permission to store the value of one computation, for a process that does the work on behalf of another. Plain JSON,
 * to be sent along with the work; only this library reads and writes its fields.
 */
export interface ComputationTicket {
  /** Version of this format. */
  readonly version: 1;
  readonly key: string;
  /** Token of the lease under which the computation began; `null` when it has yet to begin. */
  readonly token: string | null;
  readonly leaseMs: number;
  /** TTL of the value in milliseconds, from when it is computed. */
  readonly ttlMs: number;
  /** How long past its TTL it may be served, in milliseconds. */
  readonly staleMs: number;
  readonly tags: readonly string[];
  /** Version of each tag before the computation began; `null` when it has yet to begin. */
  readonly tagVersions: readonly string[] | null;
  /** When the ticket was created, in epoch milliseconds. */
  readonly issuedAt: number;
}

const MAX_TIME_MS = Number.MAX_SAFE_INTEGER;
const ms = (min: number): z.ZodNumber => z.number().min(min).max(MAX_TIME_MS);

const ticketSchema = z.object({
  version: z.literal(1),
  key: z.string(),
  token: z.uuid().nullable(),
  leaseMs: z.number().min(RANGES.leaseMs[0]).max(RANGES.leaseMs[1]),
  ttlMs: ms(1),
  staleMs: ms(0),
  tags: z.array(z.string()),
  tagVersions: z.array(z.string()).nullable(),
  issuedAt: ms(0),
});

export function createTicket(
  key: string,
  { leaseMs, ttlMs, staleMs, tags }: Pick<Settings, 'leaseMs' | 'ttlMs' | 'staleMs' | 'tags'>,
  begun: { token: string; tags: TagVersions | undefined } | null,
  issuedAt: number,
): ComputationTicket {
  const tagVersions = begun && tags.map((tag) => begun.tags![tag]!);
  const token = begun?.token ?? null;
  return { version: 1, key, token, leaseMs, ttlMs, staleMs, tags, tagVersions, issuedAt };
}

/**
 * Returns the ticket if it is valid; it may come from another process or another release.
 *
 * @throws {InvalidTicketError} naming the field that is wrong
 */
export function checkedTicket(ticket: unknown): ComputationTicket {
  const { success, data, error } = ticketSchema.safeParse(ticket);
  if (!success) throw invalid(error.issues[0]!.path.join('.'), error.issues[0]!.message);
  naming('key', () => assertKey(data.key, 'key'));
  naming('tags', () => checkedTags(data.tags));
  if (data.tagVersions !== null && data.tagVersions.length !== data.tags.length) {
    throw invalid('tagVersions', 'must be one for each tag');
  }
  return data;
}

/** The versions of the tags before the computation began; `undefined` without tags, `null` when unknown. */
export function versionsIn({ tags, tagVersions }: ComputationTicket): TagVersions | null | undefined {
  if (tags.length === 0) return undefined;
  return tagVersions && Object.fromEntries(tags.map((tag, index) => [tag, tagVersions[index]!]));
}

function naming(field: string, check: () => unknown): void {
  try {
    check();
  } catch (problem) {
    throw invalid(field, (problem as Error).message);
  }
}

function invalid(field: string, problem: string): InvalidTicketError {
  return new InvalidTicketError(field === '' ? 'ticket' : `ticket.${field}`, `is wrong: ${problem}`);
}
