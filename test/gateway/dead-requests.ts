import type { Gateway } from './start-gateway.js';

/** A dead request as the gateway shows it. */
export interface DeadRequestView {
  id: string;
  request: unknown;
  deliveries: number;
  reason: string;
  queued_at: string;
  died_at: string;
}

/** What a gateway without keys shows of the dead requests. */
export async function deadRequests(gateway: Gateway, query = ''): Promise<DeadRequestView[]> {
  const response = await gateway.get(`/v1/queue/dead${query}`);
  if (response.status !== 200) throw new Error(`the dead requests are answered with ${response.status}`);
  return ((await response.json()) as { dead: DeadRequestView[] }).dead;
}
