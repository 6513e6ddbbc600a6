import { createHash } from 'node:crypto';

const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/** A strong entity tag: two bodies share one only when they are the same bytes. */
export function entityTagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`;
}

/**
 * Whether an `If-None-Match` header names the entity tag, by the weak comparison of RFC 9110 §8.8.3.2:
 * a `W/` on either side does not count. `*` matches every tag.
 */
export function matchesEntityTag(ifNoneMatch: string | undefined, entityTag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const wanted = opaque(entityTag);
  return [...ifNoneMatch.matchAll(ENTITY_TAG)].some((match) => match[1] === wanted);
}

function opaque(entityTag: string): string {
  return entityTag.startsWith('W/') ? entityTag.slice(2) : entityTag;
}
