// Visit: one request on its way through a resource, from the path that was found to the answer or the error.
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { Context } from './context.js'
import { field } from './fields.js'
import type { Choice, Negotiation } from './filters/negotiate.js'
import { type ErrorRule, methodNotAllowed, problemOf } from './problem.js'
import { respond, respondProblem } from './respond.js'
import type { Route } from './route.js'
import type { Spot } from './spot.js'
import { type Query, readQuery } from './url.js'

/** One request. The steps are those of `resource()`, which has them in order. Its members are plain, because one is made for every request. */
export class Visit {
  private readonly req: Request
  private readonly res: Response
  private readonly next: NextFunction
  private readonly spot: Spot
  private readonly params: Record<string, string | string[]>
  /** What stands behind the question mark. */
  private readonly search: string | undefined
  /** The format that the path's suffix names. */
  private readonly suffix: string | undefined
  private choice: Choice | undefined

  constructor(
    req: Request,
    res: Response,
    next: NextFunction,
    spot: Spot,
    params: Record<string, string | string[]>,
    search: string | undefined,
    suffix: string | undefined,
  ) {
    this.req = req
    this.res = res
    this.next = next
    this.spot = spot
    this.params = params
    this.search = search
    this.suffix = suffix
    this.choice = undefined
  }

  /** Step 0: Express middleware, then the rest. `leave` gets what middleware leaves the resource with. */
  through(middleware: readonly RequestHandler[], leave: (word: unknown) => void): void {
    let index = 0
    const next = (error?: unknown): void => {
      if (error === 'route' || error === 'router') return leave(error)
      if (error) return this.failWithoutRoute(error)
      const handler = middleware[index++]
      if (!handler) return this.arrive()
      try {
        const result: unknown = handler(this.req, this.res, next)
        if (result instanceof Promise) result.then(undefined, (thrown) => next(thrown || asError(thrown)))
      } catch (thrown) {
        next(thrown || asError(thrown))
      }
    }
    next()
  }

  /** Step 1: the verb. RFC 9110 sections 9.3.7 and 15.5.6. */
  arrive(): void {
    const { method } = this.req
    const route = this.spot.routes[method]
    if (route) return this.serve(route)
    const { allow } = this.spot
    if (method !== 'OPTIONS') return this.failWithoutRoute(methodNotAllowed(`${method} is not among the methods of this resource.`, { allow }))
    if (this.res.headersSent) return
    this.res.writeHead(204, this.spot.told)
    this.res.end()
  }

  // Steps 2 to 11.
  private serve(route: Route): void {
    try {
      let query: Query | undefined
      let format = this.suffix
      if (this.search !== undefined) {
        query = readQuery(this.search)
        // An empty ?format= counts as none; two of them name no mapper.
        if (query.format) format = String(query.format)
      }
      this.choice = route.negotiation.choose(format, field(this.req, 'accept'))
      const ctx = new Context(this.req, this.res, this.params as Record<string, string>, route.place, query)
      const result = route.run(ctx, format)
      if (result instanceof Object && typeof (result as { then?: unknown }).then === 'function') this.wait(result as Promise<unknown>, ctx, route)
      else this.finish(result, ctx, route)
    } catch (error) {
      this.fail(error, route.negotiation, route.options.errors)
    }
  }

  private wait(result: Promise<unknown>, ctx: Context, route: Route): void {
    const failed = (error: unknown): void => this.fail(error, route.negotiation, route.options.errors)
    result.then((value) => {
      try {
        this.finish(value, ctx, route)
      } catch (error) {
        failed(error)
      }
    }, failed)
  }

  private finish(result: unknown, ctx: Context, route: Route): void {
    const sending = respond(ctx, result, this.choice as Choice, route.ending)
    if (sending) sending.catch((error) => this.fail(error, route.negotiation, route.options.errors))
  }

  // A format for a problem where there is no endpoint that could have chosen one.
  private failWithoutRoute(error: unknown): void {
    const { negotiation, options } = this.spot
    let format = this.suffix
    try {
      if (this.search !== undefined) format = String(readQuery(this.search).format || (format ?? ''))
    } catch {
      // A broken query names no format.
    }
    this.choice = negotiation.forProblem(format, field(this.req, 'accept'))
    this.fail(error, negotiation, options.errors)
  }

  private fail(error: unknown, negotiation: Negotiation, errors: readonly ErrorRule[] | undefined): void {
    refuse(error, this.req, this.res, this.next, this.choice ?? negotiation.forProblem(undefined, field(this.req, 'accept')), errors)
  }
}

/** Problems are answers; everything else is Express's, once, with the error as it was thrown. */
export function refuse(error: unknown, req: Request, res: Response, next: NextFunction, choice: Choice, errors: readonly ErrorRule[] | undefined): void {
  try {
    const problem = problemOf(error, errors)
    if (!problem || res.headersSent) return next(asError(error))
    respondProblem(req, res, problem, choice)
  } catch (thrown) {
    next(thrown)
  }
}

// To Express, nothing and these two words are no errors.
function asError(error: unknown): unknown {
  return !error || error === 'route' || error === 'router' ? new Error(`A handler threw ${JSON.stringify(error) ?? 'nothing'}.`, { cause: error }) : error
}
