import { parseDictionary } from 'structured-headers';

const RESPOND_ASYNC = 'respond-async';

/** What is said to a client whose wish was granted (RFC 7240). */
export const PREFERENCE_APPLIED = RESPOND_ASYNC;

/** Whether a `Prefer` header asks not to be waited for. One that cannot be read asks for nothing. */
export function prefersAsync(header: string | string[] | undefined): boolean {
  if (header === undefined) return false;
  try {
    // Names of preferences may be in capitals, those of structured fields may not.
    return parseDictionary(String(header).toLowerCase()).has(RESPOND_ASYNC);
  } catch {
    return false;
  }
}
