export interface CapacityFigures {
  served: string;
  load: string;
  long: string;
  chart: string;
}
export function capacityFigures(): CapacityFigures;
