interface QueueCounts {
  all: number;
  bytesToRedis: number;
  bytesFromRedis: number;
}
export function measureQueue(
  batch: number,
): Promise<{ batch: number; added: QueueCounts; taken: QueueCounts }>;
export const HOT: Readonly<Record<string, unknown>>;
