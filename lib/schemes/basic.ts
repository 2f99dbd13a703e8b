// Basic (RFC 7617), read strictly: one token of exact base64, UTF-8, no control characters; the first colon parts name and password.
import type { Context } from '../context.js'
import { credentialsOf, type Found, realmOf, refused, type Scheme, verdictOf } from '../scheme.js'

/** Options of {@link basic}. */
export interface BasicOptions {
  /** What the user is asked to log in to. @default 'api' */
  realm?: string
  /** The name for documents. @default 'basic' */
  name?: string
}

/** The user with this name and this password, or nothing. */
export type BasicCheck = (user: string, password: string, ctx: Context) => Found | Promise<Found>

const longestPassword = 1024

/**
 * A user name and a password with every request. Only over HTTPS.
 *
 * @param check gives the user, or nothing; `passwordCheck(find)` makes one that costs the same for unknown users and wrong passwords
 * @example authenticate(basic(passwordCheck((name) => users.get(name)), { realm: 'contacts' }))
 */
export function basic(check: BasicCheck, { realm = 'api', name = 'basic' }: BasicOptions = {}): Scheme {
  if (typeof check !== 'function') throw new TypeError('basic(): a function (user, password) => user is needed.')
  const challenge = `Basic ${realmOf(realm, 'basic()')}, charset="UTF-8"`

  const judge = async (pair: Pair, ctx: Context) => verdictOf(await check(pair.user, pair.password, ctx), 'basic()', wrong)

  return {
    name,
    challenge,
    fields: ['Authorization'],
    security: { type: 'http', scheme: 'basic' },
    authenticate(ctx) {
      const token = credentialsOf(ctx.req, 'Basic')
      if (token === undefined) return undefined
      const pair = readPair(token)
      if (!pair) return refused('The Basic credentials cannot be read.')
      // Hashing a long password is work that anybody could order.
      return Buffer.byteLength(pair.password) > longestPassword ? wrong : judge(pair, ctx)
    },
  }
}

const wrong = refused('The user name or the password is wrong.')

interface Pair {
  readonly user: string
  readonly password: string
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readPair(token: string): Pair | undefined {
  const bytes = Buffer.from(token, 'base64')
  // Node reads base64 leniently: what does not come out again as it went in was not base64.
  if (bytes.toString('base64') !== token) return undefined
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return undefined
  }
  const colon = text.indexOf(':')
  if (colon < 0 || /\p{Cc}/u.test(text)) return undefined
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
