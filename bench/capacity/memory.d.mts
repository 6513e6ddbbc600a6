export interface MemoryComparison {
  name: string;
  redis: { predicted: number; measured: number };
  near: { predicted: number; measured: number };
}
export const COPY_OVERHEAD_BYTES: number;
export const VALUES: Readonly<Record<string, unknown>>;
export function allocated(bytes: number): number;
export function redisBytes(keyLength: number, valueBytes: number): number;
export function compareMemory(name: string): Promise<MemoryComparison>;
