/** A tag in a body or a URL. No `/`, which stands between a tenant and its tags. */
export const TAG_PATTERN = /^[A-Za-z0-9._:-]{1,64}$/;

/** The tags as the cache knows them: those of two tenants are apart. */
export function scopedTags(tenant: string, tags: readonly string[]): string[] {
  return tags.map((tag) => `${tenant}/${tag}`);
}
