export function measure(traffic: Readonly<Record<string, unknown>>): Promise<Record<string, number>>;
