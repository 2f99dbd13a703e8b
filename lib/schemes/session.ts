// Session: a user that a cookie carries, as express-session keeps it. Believed on unsafe verbs only when the request comes from the same site.
import type { Request } from 'express'
import type { Context } from '../context.js'
import { type Found, refused, type Scheme, verdictOf } from '../scheme.js'

/** Options of {@link session}. */
export interface SessionOptions {
  /** The name of the cookie, for documents. @default 'connect.sid', as in express-session */
  cookie?: string
  /** The name for documents. @default 'session' */
  name?: string
}

/** The user of a session, or nothing. */
export type SessionFind = (req: Request, ctx: Context) => Found | Promise<Found>

/**
 * A user that a cookie carries. Users that passport has put on `req.user` need no more than that `authenticate(session())` stands behind it.
 *
 * @param find gives the user. @default `req.session.user`
 * @example authenticate(session((req) => req.session.userId && User.findByPk(req.session.userId)), { anonymous: false })
 */
export function session(
  find: SessionFind = (req) => (req as { session?: { user?: Found } }).session?.user,
  { cookie = 'connect.sid', name = 'session' }: SessionOptions = {},
): Scheme {
  if (typeof find !== 'function') throw new TypeError('session(): a function (req) => user is needed.')
  if (typeof cookie !== 'string' || cookie === '') throw new TypeError("session(): 'cookie' needs the name of the cookie.")

  return {
    name,
    // Registered nowhere, but RFC 9110 section 11.6.1 asks every 401 for a challenge; a browser passes over what it does not know.
    challenge: 'Session',
    fields: ['Cookie'],
    cookie: true,
    security: { type: 'apiKey', in: 'cookie', name: cookie },
    authenticate(ctx) {
      const found = find(ctx.req, ctx)
      return found instanceof Promise ? found.then(verdict) : verdict(found)
    },
  }
}

// A session without a user is nobody's fault: the visitor has not logged in yet.
const verdict = (found: Found) => (found ? verdictOf(found, 'session()', none) : undefined)
const none = refused('The session has no user.')
