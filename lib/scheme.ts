// Scheme: a way to say who is calling. Where the credentials stand in a request, whose they are, and the challenge to a client that brought none.
import type { Request } from 'express'
import type { Context, User } from './context.js'
import { badRequest } from './problem.js'

/** What a scheme says of a request: the user; a {@link Refusal} of wrong credentials; `undefined` where it finds none of its kind. */
export type Verdict = User | Refusal | undefined

/** A way to say who is calling (RFC 9110 section 11). */
export interface Scheme {
  /** For documents; schemes of one endpoint have different names. */
  readonly name: string
  /** What `WWW-Authenticate` says to a client that brought no credentials. */
  readonly challenge: string
  /** The header fields that are read: what `Vary` has to name. */
  readonly fields: readonly string[]
  /** A query parameter that is read; nobody else may use its name. */
  readonly parameter?: string
  /** The credentials come in a cookie, which a browser sends along whoever made it ask. Then an unsafe request must come from the same site. */
  readonly cookie?: boolean
  /** The scheme as OpenAPI describes it. */
  readonly security: object
  /** Looks for credentials and judges them. */
  authenticate(ctx: Context): Verdict | Promise<Verdict>
}

/** What may be said with a {@link Refusal}. */
export interface RefusalOptions {
  /** 400 where the credentials cannot be read at all, 403 where they are right and this request still not to be believed. @default 401 */
  status?: 400 | 401 | 403
  /** Stands in for the scheme's own challenge: with an error code, for instance. */
  challenge?: string
}

/** Wrong credentials, as a value: another scheme may still know them. Made by {@link refused}. */
export class Refusal {
  readonly detail: string
  readonly status: 400 | 401 | 403
  readonly challenge: string | undefined

  constructor(detail: string, { status = 401, challenge }: RefusalOptions = {}) {
    this.detail = detail
    this.status = status
    this.challenge = challenge
  }
}

/** Refuses credentials. @example return refused('The token has been taken back.') */
export const refused = (detail: string, options?: RefusalOptions): Refusal => new Refusal(detail, options)

/** What an application's own check may give: the user, or nothing. A {@link Refusal} says more. */
export type Found = User | Refusal | null | undefined | false

/**
 * The verdict that an application's check came to. Only an object is a user: a check that gives `true` would let in nobody in particular.
 * @throws TypeError for anything that is neither an object nor nothing
 */
export function verdictOf(found: unknown, where: string, refusal: Refusal): User | Refusal {
  if (found === undefined || found === null || found === false) return refusal
  if (typeof found === 'object') return found
  throw new TypeError(`${where}: the check gives the user, which is an object, or nothing.`)
}

/** @throws TypeError where a value is not a {@link Scheme} */
export function checkScheme(value: unknown, where: string): asserts value is Scheme {
  const { name, challenge, fields, security, authenticate } = (value ?? {}) as Partial<Record<keyof Scheme, unknown>>
  if (typeof name !== 'string' || typeof challenge !== 'string' || !Array.isArray(fields) || typeof security !== 'object' || typeof authenticate !== 'function')
    throw new TypeError(`${where}: 'schemes' needs schemes, such as basic(check) or bearer(verify); something else is in the list.`)
}

/**
 * What stands behind the name of an authentication scheme in `Authorization`; `undefined` where the field is missing or names another scheme.
 * @throws Problem 400 where the field stands there twice: of two credentials Node would quietly take the first
 */
export function credentialsOf(req: Request, scheme: string): string | undefined {
  const { authorization } = req.headers
  if (authorization === undefined) return undefined
  let times = 0
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const field = req.rawHeaders[index] as string
    if (field.length === 13 && field.toLowerCase() === 'authorization' && ++times > 1) throw badRequest('There are two Authorization fields.')
  }
  const end = authorization.indexOf(' ')
  const name = end < 0 ? authorization : authorization.slice(0, end)
  if (name.toLowerCase() !== scheme.toLowerCase()) return undefined
  return end < 0 ? '' : authorization.slice(end).trim()
}

/** The `realm` parameter of a challenge. @throws TypeError for what a header field cannot hold */
export function realmOf(realm: unknown, where: string): string {
  if (typeof realm !== 'string' || !/^[\x20-\x7e]+$/.test(realm)) throw new TypeError(`${where}: 'realm' needs a text of printable ASCII letters.`)
  return `realm="${realm.replaceAll(/["\\]/g, '\\$&')}"`
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'QUERY', 'TRACE'])

/**
 * Whether a request that a cookie vouches for is to be believed: it only reads, or the browser says that a page of the same site made it.
 * A page elsewhere can make a browser send a request with our cookie, but can set neither `Origin` nor `Sec-Fetch-Site`.
 * @param origins further origins that may, such as `https://app.example.com`
 */
export function isSameSite(req: Request, origins: readonly string[] = []): boolean {
  if (safe.has(req.method)) return true
  const { origin, 'sec-fetch-site': site } = req.headers
  if (origin !== undefined && origins.includes(origin)) return true
  if (site !== undefined) return site === 'same-origin' || site === 'same-site'
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === req.host
}

/** What is known of the caller of a request once it has been asked: the user, and how a client could have said who it is. */
export interface Asked {
  readonly user: User | undefined
  readonly challenges: readonly string[]
}

const asked = new WeakMap<object, Asked>()

/** Keeps for the rest of a request what came of asking who calls. */
export function keepAsked(req: Request, known: Asked): void {
  asked.set(req, known)
}

/** What came of asking, `undefined` where nobody asked. */
export const askedOf = (req: Request): Asked | undefined => asked.get(req)
