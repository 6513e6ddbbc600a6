import type { RouteOptions } from 'fastify';

/**
 * Routes of plugins, which no decorator can mark: the page's own files, and the API's description. Compared
 * with the pattern of a route, not with what a request asks for, so that no spelling of a URL gets past.
 */
const PUBLIC_URLS = /^\/(assets|docs|docs-json|docs-yaml)(\/|$)/;

/** Marks such a route as public when it is registered. */
export function markPublic(route: RouteOptions): void {
  if (PUBLIC_URLS.test(route.url)) route.config = { ...route.config, isPublic: true };
}
