export function capacityFigures(): { markdown: string; chart: string };
