// Bearer tokens (RFC 6750), from the Authorization field only: a token in a URL ends in logs and histories (section 5.3).
import type { Context } from '../context.js'
import { credentialsOf, type Found, Refusal, realmOf, refused, type Scheme, verdictOf } from '../scheme.js'

/** Options of {@link bearer}. */
export interface BearerOptions {
  /** What the token is for. @default 'api' */
  realm?: string
  /** What a token looks like, for documents: `'JWT'`, for instance. */
  format?: string
  /** The name for documents. @default 'bearer' */
  name?: string
}

/** The user that a token stands for, or nothing. */
export type BearerVerify = (token: string, ctx: Context) => Found | Promise<Found>

// RFC 6750 section 2.1.
const b64token = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * A token with every request.
 *
 * @param verify gives the user, or nothing; `refused('The token has expired.')` tells the client more
 * @example authenticate(bearer(async (token) => (await Token.findByPk(digest(token)))?.user))
 */
export function bearer(verify: BearerVerify, { realm = 'api', format, name = 'bearer' }: BearerOptions = {}): Scheme {
  if (typeof verify !== 'function') throw new TypeError('bearer(): a function (token) => user is needed.')
  const challenge = `Bearer ${realmOf(realm, 'bearer()')}`
  const withError = (code: string, detail: string) => `${challenge}, error="${code}", error_description="${describable(detail)}"`
  // RFC 6750 section 3.1.
  const malformed = 'The bearer token is malformed.'
  const unreadable = refused(malformed, { status: 400, challenge: withError('invalid_request', malformed) })
  const invalid = refused('The token is not valid.')

  const judge = async (token: string, ctx: Context) => {
    const verdict = verdictOf(await verify(token, ctx), 'bearer()', invalid)
    if (!(verdict instanceof Refusal) || verdict.challenge !== undefined) return verdict
    return refused(verdict.detail, { status: verdict.status, challenge: withError('invalid_token', verdict.detail) })
  }

  return {
    name,
    challenge,
    fields: ['Authorization'],
    security: format === undefined ? { type: 'http', scheme: 'bearer' } : { type: 'http', scheme: 'bearer', bearerFormat: format },
    authenticate(ctx) {
      const token = credentialsOf(ctx.req, 'Bearer')
      if (token === undefined) return undefined
      return b64token.test(token) ? judge(token, ctx) : unreadable
    },
  }
}

// RFC 6750 section 3: printable ASCII without quotation mark and backslash.
const describable = (detail: string): string => detail.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
