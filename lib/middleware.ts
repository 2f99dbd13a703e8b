// Middleware: a filter around a whole app or router, as plain Express middleware.
import type { Request, RequestHandler, Response } from 'express'
import { undescribed } from './answer.js'
import { Context, type Place } from './context.js'
import { Tags } from './etag.js'
import { after, Filter } from './filter.js'
import { Negotiation } from './filters/negotiate.js'
import { json } from './mappers/json.js'
import { text } from './mappers/text.js'
import { xml } from './mappers/xml.js'
import { problemOf } from './problem.js'
import { Reply } from './reply.js'
import { type Ending, respond, respondProblem } from './respond.js'
import { type Query, readQuery } from './url.js'

const negotiation = new Negotiation({ mappers: [json, text, xml], fallback: json })
const ending: Ending = { name: undefined, tags: new Tags(undefined), answer: undescribed }

/**
 * A filter as Express middleware: for a whole app or router, resources or not. A problem that the filter throws, and a Reply of its own, are
 * answered here; any other error goes to `next(error)`. What comes after is Express's: the filter's `next()` gives an empty Reply once the answer is out.
 *
 * @example app.use(middleware(throttle({ limit: 1000, window: 60 })))
 * @throws TypeError where the filter needs a named resource around it, as `authorize(permissions)` does
 */
export function middleware(filter: Filter): RequestHandler {
  if (!(filter instanceof Filter)) throw new TypeError('middleware(): a filter is needed, as filter(), authenticate() or throttle() make it.')
  filter.check?.(placeOf('get'))
  const { apply, name } = filter

  return (req, res, next) => {
    let passed = false
    const pass = (): Promise<Reply> => {
      passed = true
      const answered = over(res)
      next()
      return answered
    }
    const fail = (error: unknown): void => {
      const problem = passed || res.headersSent ? undefined : problemOf(error)
      if (problem) respondProblem(req, res, problem, negotiation.forProblem(undefined, req.headers.accept))
      else next(error)
    }
    try {
      const ctx = new Context(req, res, req.params as Record<string, string>, placeOf(req.method.toLowerCase()), queryOf(req))
      const done = after(apply(ctx, pass), (reply) => {
        if (passed) return
        if (!(reply instanceof Reply)) throw new TypeError(`The filter '${name}' did not return a Reply; return what next() gave, or reply(data).`)
        return respond(ctx, reply, negotiation.choose(undefined, req.headers.accept), ending)
      })
      if (done instanceof Promise) done.catch(fail)
    } catch (error) {
      fail(error)
    }
  }
}

const placeOf = (verb: string): Place => ({ resource: undefined, base: '', path: '/', verb, permission: undefined, meta: {} })

function queryOf({ url }: Request): Query | undefined {
  const mark = url.indexOf('?')
  return mark < 0 ? undefined : readQuery(url.slice(mark + 1))
}

function over(res: Response): Promise<Reply> {
  const empty = new Reply(undefined)
  return new Promise((resolve) => {
    if (res.closed) resolve(empty)
    else res.once('close', () => resolve(empty))
  })
}
