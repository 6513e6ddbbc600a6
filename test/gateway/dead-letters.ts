import type { Gateway } from './start-gateway.js';

/** A dead letter as the gateway shows it. */
export interface DeadLetterView {
  id: string;
  request: unknown;
  deliveries: number;
  reason: string;
  queued_at: string;
  died_at: string;
}

/** Returns the dead letters of a gateway without keys. */
export async function deadLetters(gateway: Gateway, query = ''): Promise<DeadLetterView[]> {
  const response = await gateway.get(`/v1/queue/dead${query}`);
  if (response.status !== 200) throw new Error(`GET /v1/queue/dead returned ${response.status}`);
  return ((await response.json()) as { dead: DeadLetterView[] }).dead;
}
