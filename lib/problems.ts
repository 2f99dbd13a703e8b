// Problems: the rest of an Express app gives its errors the same face, what was not found included.
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'
import { Negotiation } from './filters/negotiate.js'
import type { Mapper } from './mapper.js'
import { json } from './mappers/json.js'
import { text } from './mappers/text.js'
import { xml } from './mappers/xml.js'
import { type ErrorRule, internalError, notFound, problemOf } from './problem.js'
import { respondProblem } from './respond.js'

/** Options of {@link problems}. */
export interface ProblemsOptions {
  /** The formats a problem may be sent in. @default json, text, xml */
  mappers?: readonly Mapper[]
  /** Classes of errors, and the problem that each becomes. */
  errors?: readonly ErrorRule[]
  /** Whether a 500 shows the stack: for a developer's machine only. @default false */
  stack?: boolean
  /** Told of every error that is no problem. @default writes the stack to stderr, unless Express's `env` is `test`, as Express does */
  log?: (error: unknown, req: Request) => void
}

/**
 * A pair of Express middleware for the end of an app: whatever was not found is a 404 problem, whatever failed a problem with the status it carries, or a 500 with a fixed text.
 * @example app.use(problems())
 */
export function problems({
  mappers = [json, text, xml],
  errors = [],
  stack = false,
  log = logAsExpress,
}: ProblemsOptions = {}): [RequestHandler, ErrorRequestHandler] {
  const negotiation = new Negotiation({ mappers, fallback: json })
  const found: RequestHandler = (req, res) => {
    respondProblem(req, res, notFound('Nothing is here.'), negotiation.forProblem(undefined, req.headers.accept))
  }
  const failed: ErrorRequestHandler = (error, req, res, next) => {
    let problem = problemOf(error, errors)
    if (!problem) {
      log(error, req)
      const members = stack && error instanceof Error ? { stack: error.stack } : {}
      problem = internalError('Something went wrong on the server.', { members })
    }
    // Half of an answer is out: Express cuts the connection.
    if (res.headersSent) return next(error)
    respondProblem(req, res, problem, negotiation.forProblem(undefined, req.headers.accept))
  }
  return [found, failed]
}

function logAsExpress(error: unknown, req: Request): void {
  if (req.app.get('env') !== 'test') console.error(error instanceof Error ? (error.stack ?? error.message) : error)
}
