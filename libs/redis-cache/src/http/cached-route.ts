import 'reflect-metadata';
import {
  type ExecutionContext,
  Get,
  Next,
  Redirect,
  Render,
  Res,
  Sse,
  type Type,
  Version,
} from '@nestjs/common';
import { HTTP_CACHE_METADATA, type HttpCacheOptions } from './http-cache.decorator.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** A handler whose responses can be cached. */
export interface CachedRoute {
  options: HttpCacheOptions;
  /** Class, method and version. */
  handler: string;
}

/** Determines once per handler whether and how its responses are cached. */
export class CachedRoutes {
  readonly #known = new WeakMap<Type, Map<Handler, CachedRoute | null>>();

  /** Returns `null` if responses of the handler are not cached. */
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

/**
 * Methods with the decorators that matter here. Nest exports the decorators but not the names of the metadata
 * that they write, so these are read from the decorators' effect.
 */
class Sample {
  @Get()
  plain(): void {}

  @Sse()
  sse(): void {}

  @Render('view')
  render(): void {}

  @Redirect()
  redirect(): void {}

  @Version('1')
  version(): void {}

  response(@Res() _response: unknown, @Next() _next: unknown): void {}

  passthrough(@Res({ passthrough: true }) _response: unknown): void {}
}

const onHandler = (name: keyof Sample): unknown[] => Reflect.getMetadataKeys(Sample.prototype[name]);
const onParameters = (name: keyof Sample): unknown[] => Reflect.getMetadataKeys(Sample, name);
const without = (keys: unknown[], others: unknown[]): unknown[] =>
  keys.filter((key) => !others.includes(key));

/** Handlers with one of these do not return the body of their response. */
const BODILESS_KEYS = without(
  [...onHandler('sse'), ...onHandler('render'), ...onHandler('redirect')],
  onHandler('plain'),
);
const [VERSION_KEY] = onHandler('version');
const [PARAMETERS_KEY] = onParameters('response');
const [PASSTHROUGH_KEY] = without(onParameters('passthrough'), onParameters('response'));
/** Kinds of the parameters with which a handler may send the response itself. */
const RESPONSE_KINDS = parameterKinds(Sample, 'response');

function describe(controller: Type, handler: Handler): CachedRoute | null {
  const options = optionsOf(controller, handler);
  if (options === null) return null;
  if (BODILESS_KEYS.some((key) => Reflect.hasMetadata(key, handler))) return null;
  const method = methodName(controller, handler);
  const access = responseAccess(controller, method);
  if (access === 'sends') return null;
  const version: unknown =
    Reflect.getMetadata(VERSION_KEY, handler) ?? Reflect.getMetadata(VERSION_KEY, controller);
  return {
    options: access === 'none' ? options : inTheForeground(options),
    handler: `${controller.name}.${String(method)}@${JSON.stringify(version, symbolAsText) ?? ''}`,
  };
}

function optionsOf(controller: Type, handler: Handler): HttpCacheOptions | null {
  type Options = HttpCacheOptions | false | undefined;
  const own = Reflect.getMetadata(HTTP_CACHE_METADATA, handler) as Options;
  const shared = Reflect.getMetadata(HTTP_CACHE_METADATA, controller) as Options;
  if (own === false || (own === undefined && shared === false)) return null;
  return { ...shared, ...own };
}

/** The key under which the class has the handler: another decorator may have replaced the function's own name. */
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

/** Whether the handler receives the response object, and if so whether it sends the response itself. */
function responseAccess(controller: Type, method: string | symbol): 'none' | 'shares' | 'sends' {
  const takesResponse = parameterKinds(controller, method).some((kind) => RESPONSE_KINDS.includes(kind));
  if (!takesResponse) return 'none';
  return Reflect.getMetadata(PASSTHROUGH_KEY, controller, method) ? 'shares' : 'sends';
}

/** Kinds of a handler's decorated parameters; Nest stores each as `<kind>:<index>`. */
function parameterKinds(controller: Type, method: string | symbol): string[] {
  const parameters: unknown = Reflect.getMetadata(PARAMETERS_KEY, controller, method) ?? {};
  return Object.keys(parameters as object).map((name) => name.split(':', 1)[0]!);
}

// A handler that writes to the response would fail in the background, when the response has been sent.
function inTheForeground(options: HttpCacheOptions): HttpCacheOptions {
  return { ...options, refreshAhead: undefined, softTimeoutMs: undefined };
}

function symbolAsText(_key: string, value: unknown): unknown {
  return typeof value === 'symbol' ? String(value) : value;
}
