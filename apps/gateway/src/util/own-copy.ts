/**
 * Returns the bytes in memory of their own, for bytes that are kept. Node makes small buffers as slices of blocks of 8 KB,
 * and a block stays as long as any of its slices: a request of 90 bytes may hold 8 KB.
 */
export function ownCopy(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.byteLength) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
