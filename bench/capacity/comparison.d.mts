export interface Comparison {
  what: string;
  simulated: number;
  measured: number;
}
export function compareBusy(processes: number, near: boolean): Promise<Comparison[]>;
export function compareSlow(
  processes: number,
  listening?: { near?: boolean; channels?: boolean; seconds?: number },
): Promise<Comparison[]>;
