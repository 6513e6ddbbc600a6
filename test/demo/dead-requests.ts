import type { Demo } from './start-demo.js';

/** A dead request as the demo shows it. */
export interface DeadRequestView {
  id: string;
  request: unknown;
  deliveries: number;
  reason: string;
  queued_at: string;
  died_at: string;
}

/** What a demo without keys shows of the dead requests. */
export async function deadRequests(demo: Demo, query = ''): Promise<DeadRequestView[]> {
  const response = await demo.get(`/v1/queue/dead${query}`);
  if (response.status !== 200) throw new Error(`the dead requests are answered with ${response.status}`);
  return ((await response.json()) as { dead: DeadRequestView[] }).dead;
}
