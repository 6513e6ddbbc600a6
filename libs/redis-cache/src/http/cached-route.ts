import 'reflect-metadata';
import type { ExecutionContext, Type } from '@nestjs/common';
import {
  REDIRECT_METADATA,
  RENDER_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
  VERSION_METADATA,
} from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import { RESPONSE_CACHE_METADATA, type ResponseCacheOptions } from './response-cache.decorator.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** A handler whose responses can be cached. */
export interface CachedRoute {
  options: ResponseCacheOptions;
  /** Class, method and version. */
  handler: string;
}

const WITHOUT_BODY_OF_THEIR_OWN = [SSE_METADATA, RENDER_METADATA, REDIRECT_METADATA];
const RESPONSE_PARAMETERS = new Set([RouteParamtypes.RESPONSE, RouteParamtypes.NEXT].map(String));

/** What is known of each handler, found out once. */
export class CachedRoutes {
  readonly #known = new WeakMap<Type, Map<Handler, CachedRoute | null>>();

  /** `null` when responses of the handler are not cached. */
  of(context: ExecutionContext): CachedRoute | null {
    const controller = context.getClass();
    const handler = context.getHandler();
    const routes = this.#known.get(controller) ?? new Map<Handler, CachedRoute | null>();
    this.#known.set(controller, routes);
    const known = routes.get(handler);
    if (known !== undefined) return known;
    const route = describe(controller, handler);
    routes.set(handler, route);
    return route;
  }
}

function describe(controller: Type, handler: Handler): CachedRoute | null {
  const options = optionsOf(controller, handler);
  if (options === null) return null;
  if (WITHOUT_BODY_OF_THEIR_OWN.some((key) => Reflect.hasMetadata(key, handler))) return null;
  const method = methodName(controller, handler);
  const access = responseAccess(controller, method);
  if (access === 'sends') return null;
  const version: unknown = metadata(VERSION_METADATA, handler, controller);
  return {
    options: access === 'none' ? options : inTheForeground(options),
    handler: `${controller.name}.${String(method)}@${JSON.stringify(version, symbolAsText) ?? ''}`,
  };
}

function optionsOf(controller: Type, handler: Handler): ResponseCacheOptions | null {
  type Options = ResponseCacheOptions | false | undefined;
  const own = Reflect.getMetadata(RESPONSE_CACHE_METADATA, handler) as Options;
  const shared = Reflect.getMetadata(RESPONSE_CACHE_METADATA, controller) as Options;
  if (own === false || (own === undefined && shared === false)) return null;
  return { ...shared, ...own };
}

function metadata(key: string, handler: Handler, controller: Type): unknown {
  return Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller);
}

/** The key under which the class has the handler: other decorators may have taken its name from it. */
function methodName(controller: Type, handler: Handler): string | symbol {
  let prototype = controller.prototype as Record<string | symbol, unknown> | null;
  while (prototype !== null) {
    const descriptors = Object.getOwnPropertyDescriptors(prototype);
    const found = Reflect.ownKeys(descriptors).find((key) => descriptors[key as string]?.value === handler);
    if (found !== undefined) return found;
    prototype = Object.getPrototypeOf(prototype) as typeof prototype;
  }
  return handler.name;
}

/** Whether the handler takes the response, and if so whether it sends it itself. */
function responseAccess(controller: Type, method: string | symbol): 'none' | 'shares' | 'sends' {
  const parameters = Object.keys(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) as object | undefined) ?? {},
  );
  const takesResponse = parameters.some((name) => RESPONSE_PARAMETERS.has(name.split(':', 1)[0]!));
  if (!takesResponse) return 'none';
  return Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, method) ? 'shares' : 'sends';
}

// Once the response has been sent, a handler that writes to it would fail.
function inTheForeground(options: ResponseCacheOptions): ResponseCacheOptions {
  return { ...options, refreshAhead: undefined, softTimeoutMs: undefined };
}

function symbolAsText(_key: string, value: unknown): unknown {
  return typeof value === 'symbol' ? String(value) : value;
}
