// Filter: a ring around a handler. It may answer by itself, change what goes in, change the Reply that comes out, or throw.
import type { RequestHandler } from 'express'
import type { Context } from './context.js'
import type { Reply } from './reply.js'

/** Goes on to the next ring, in the end to the handler. Await it; it may be a promise. */
export type Next = () => Reply | Promise<Reply>

/** What a filter does with a request: it returns what `next()` gave, that changed, or a {@link Reply} of its own. */
export type Apply = (ctx: Context, next: Next) => Reply | Promise<Reply>

/** A ring around a handler, made by {@link filter}. */
export class Filter {
  readonly name: string
  readonly apply: Apply

  constructor(apply: Apply, name: string) {
    this.apply = apply
    this.name = name
  }
}

/**
 * Makes a filter for a `use` list. Filters run before a byte of the body is read, in the order written, and see the Reply on its way out.
 *
 * @param apply the ring; it must return a Reply, usually the one that `next()` gave
 * @param name for messages. @default the function's own name
 * @example
 * const timed = filter(async (ctx, next) => {
 *   const start = performance.now()
 *   const reply = await next()
 *   ctx.res.setHeader('Server-Timing', `app;dur=${(performance.now() - start).toFixed(1)}`)
 *   return reply
 * })
 */
export function filter(apply: Apply, name = apply.name): Filter {
  if (typeof apply !== 'function') throw new TypeError('filter(): a function (ctx, next) is needed.')
  return new Filter(apply, name || 'filter')
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
