import type { ComputationTicket } from 'nestjs-redis-cache';

/** What travels with a task, beside its request. */
export interface TaskContext {
  /** The right to store the answer, for whoever computes it. */
  ticket: ComputationTicket;
}

/** The context of a task whose answer is to be stored by whoever computes it; none without a ticket. */
export function contextWith(ticket: ComputationTicket | null): TaskContext | undefined {
  return ticket === null ? undefined : { ticket };
}

/** The ticket that came with a task; whether it is a good one, the cache decides. */
export function ticketIn(context: unknown): ComputationTicket | null {
  const { ticket = null } = Object(context) as Partial<TaskContext>;
  return ticket;
}
