// Filter: a ring around a handler. It may answer by itself, change what goes in, change the Reply that comes out, or throw.
import type { RequestHandler } from 'express'
import type { Context, Place } from './context.js'
import type { Reply } from './reply.js'

/** Goes on to the next ring, in the end to the handler. Await it; it may be a promise. */
export type Next = () => Reply | Promise<Reply>

/** What a filter does with a request: it returns what `next()` gave, that changed, or a {@link Reply} of its own. */
export type Apply = (ctx: Context, next: Next) => Reply | Promise<Reply>

/** What a filter adds to the description of an endpoint: for documents, lists and tests. */
export interface FilterDescription {
  /** Statuses the filter may answer with by itself, and what each means. */
  readonly responses?: Readonly<Record<number, string>>
  /** Security schemes as OpenAPI writes them, by name; any one of them will do. */
  readonly security?: Readonly<Record<string, object>>
  /** True where the security schemes may also be left out. */
  readonly optional?: boolean
  /** The permission that is asked for. */
  readonly permission?: string
  /** Query parameters that the filter reads; nobody else may use their names. */
  readonly reserves?: readonly string[]
}

/** What a filter may say of itself beside what it does. */
export interface FilterOptions {
  /** For messages. @default the function's own name */
  name?: string
  /** Called once for each endpoint when the resource is made: to refuse a place where the filter makes no sense, by throwing a TypeError. */
  check?: (place: Place) => void
  /** What the filter adds to the description of an endpoint. */
  describe?: (place: Place) => FilterDescription
}

/** A ring around a handler, made by {@link filter}. */
export class Filter {
  readonly name: string
  readonly apply: Apply
  readonly check: ((place: Place) => void) | undefined
  readonly describe: ((place: Place) => FilterDescription) | undefined

  constructor(apply: Apply, { name, check, describe }: FilterOptions) {
    this.apply = apply
    this.name = name || apply.name || 'filter'
    this.check = check
    this.describe = describe
  }
}

/**
 * Makes a filter for a `use` list. Filters run before a byte of the body is read, in the order written, and see the Reply on its way out.
 *
 * @param apply the ring; it must return a Reply, usually the one that `next()` gave
 * @example
 * const timed = filter(async (ctx, next) => {
 *   const start = performance.now()
 *   const reply = await next()
 *   ctx.res.setHeader('Server-Timing', `app;dur=${(performance.now() - start).toFixed(1)}`)
 *   return reply
 * })
 */
export function filter(apply: Apply, options: FilterOptions = {}): Filter {
  if (typeof apply !== 'function') throw new TypeError('filter(): a function (ctx, next) is needed.')
  return new Filter(apply, options)
}

/**
 * Goes on with a value now, or when it comes: so a filter stays synchronous where nothing is a promise.
 * @example filter((ctx, next) => after(next(), (reply) => stamp(reply)))
 */
export function after<In, Out>(value: In | Promise<In>, go: (value: In) => Out | Promise<Out>): Out | Promise<Out> {
  return value instanceof Object && typeof (value as { then?: unknown }).then === 'function' ? (value as Promise<In>).then(go) : go(value as In)
}

/** One entry of a `use` list: a {@link Filter}, or plain Express middleware. */
export type Use = Filter | RequestHandler

/** A `use` list that drops what was inherited; made by {@link only}. */
export class Only {
  readonly list: readonly Use[]

  constructor(list: readonly Use[]) {
    this.list = list
  }
}

/**
 * Drops the `use` of the outer levels: a public log-in under a guarded api.
 * @example '/login': { use: only([]), post: logIn }
 */
export const only = (list: readonly Use[] = []): Only => new Only(list)
