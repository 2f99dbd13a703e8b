// API keys: a secret of a program's, in a header field of its own or, where it cannot be helped, in the query.
import type { Context } from '../context.js'
import { type Found, refused, type Scheme, verdictOf } from '../scheme.js'

/** Options of {@link apikey}: where the key stands, `header` or `query`, and whose it is. */
export interface ApikeyOptions {
  /** The header field. @default 'X-API-Key', unless `query` is given */
  header?: string
  /** The query parameter; its name is reserved then, filters of a list cannot use it. Keys in a URL end in logs and histories. */
  query?: string
  /** The user that a key stands for, or nothing. Look keys up by their digest, or compare them with `safeEqual`. */
  verify: (key: string, ctx: Context) => Found | Promise<Found>
  /** The name for documents. @default 'apikey' */
  name?: string
}

const token = /^[\w!#$%&'*+.^`|~-]+$/

/**
 * A key with every request.
 * @example authenticate(apikey({ header: 'X-API-Key', verify: (key) => robots.get(digest(key)) }))
 */
export function apikey({ header, query, verify, name = 'apikey' }: ApikeyOptions): Scheme {
  if (typeof verify !== 'function') throw new TypeError("apikey(): 'verify' is a function (key) => user.")
  if (header !== undefined && query !== undefined) throw new TypeError("apikey(): either 'header' or 'query', not both.")
  const field = header ?? 'X-API-Key'
  if (typeof field !== 'string' || !token.test(field)) throw new TypeError("apikey(): 'header' needs the name of a header field.")
  if (query !== undefined && (typeof query !== 'string' || query === '')) throw new TypeError("apikey(): 'query' needs the name of a query parameter.")

  const lower = field.toLowerCase()
  const read = (ctx: Context): unknown => (query === undefined ? ctx.req.headers[lower] : ctx.query[query])
  const judge = async (key: string, ctx: Context) => verdictOf(await verify(key, ctx), 'apikey()', wrong)

  return {
    name,
    // Registered nowhere, but RFC 9110 section 11.6.1 asks every 401 for a challenge.
    challenge: `ApiKey ${query === undefined ? 'header' : 'query'}="${(query ?? field).replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')}"`,
    fields: query === undefined ? [field] : [],
    ...(query !== undefined && { parameter: query }),
    security: { type: 'apiKey', in: query === undefined ? 'header' : 'query', name: query ?? field },
    authenticate(ctx) {
      const key = read(ctx)
      if (key === undefined) return undefined
      return typeof key === 'string' && key !== '' ? judge(key, ctx) : refused('The API key cannot be read.')
    },
  }
}

const wrong = refused('The API key is not known.')
