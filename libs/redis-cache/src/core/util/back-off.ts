/** How long to wait after so many failures: doubles up to a ceiling, and half of it is random. */
export function backOffMs(failures: number, firstMs: number, mostMs: number, random = Math.random): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(Math.max(0, failures - 1), 30));
  return ceiling / 2 + (ceiling / 2) * random();
}
