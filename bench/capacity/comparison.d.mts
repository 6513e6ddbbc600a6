export interface Comparison {
  what: string;
  simulated: number;
  measured: number;
}
export function compare(processes: number, near: boolean): Promise<Comparison[]>;
