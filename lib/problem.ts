// Problem: an error that is its own answer (RFC 9457). Thrown anywhere in a request, it is sent as a problem document
// in the format the client asked for. This file also decides which foreign errors count as one.
import { STATUS_CODES } from 'node:http'

/** Header fields by name; a list is sent as several fields of that name. */
export type Headers = Record<string, string | number | readonly string[]>

/** What a {@link Problem} may carry beside its status and its sentence. */
export interface ProblemOptions {
  /** A URI that names this kind of problem. @default 'about:blank' */
  type?: string
  /** A short name of this kind of problem, the same every time. @default the reason phrase of the status */
  title?: string
  /** A URI that names this one occurrence. */
  instance?: string
  /** Further members of the document. They never replace the five standard ones. */
  members?: Record<string, unknown> & { type?: never; title?: never; status?: never; detail?: never; instance?: never }
  /** Header fields of the answer. */
  headers?: Headers
  /** The error behind this one, for logs; never sent. */
  cause?: unknown
}

// RFC 9110 section 15.5 renamed two that Node still calls by their older names.
const titles: Record<number, string> = { ...STATUS_CODES, 413: 'Content Too Large', 422: 'Unprocessable Content' } as Record<number, string>

/**
 * An error that is its own answer: a status, a sentence for people and members for programs (RFC 9457).
 *
 * @example
 * throw new Problem(409, 'The name is taken.', { members: { name: 'yoda' } })
 * @throws RangeError when the status is not between 400 and 599
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly type: string
  readonly title: string
  readonly detail: string | undefined
  readonly instance: string | undefined
  readonly members: Record<string, unknown>
  readonly headers: Headers

  constructor(status: number, detail?: string, options: ProblemOptions = {}) {
    super(detail ?? titles[status] ?? 'Error', 'cause' in options ? { cause: options.cause } : undefined)
    if (!Number.isInteger(status) || status < 400 || status > 599) throw new RangeError(`A problem's status is between 400 and 599, not ${status}.`)
    this.status = status
    this.type = options.type ?? 'about:blank'
    this.title = options.title ?? titles[status] ?? 'Error'
    this.detail = detail
    this.instance = options.instance
    this.members = options.members ?? {}
    this.headers = options.headers ?? {}
  }

  /** The document as it goes out: standard members last in precedence, first in order. */
  toJSON(): Record<string, unknown> {
    const document: Record<string, unknown> = { type: this.type, title: this.title, status: this.status }
    if (this.detail !== undefined) document.detail = this.detail
    if (this.instance !== undefined) document.instance = this.instance
    for (const key of Object.keys(this.members)) if (!standard.has(key)) document[key] = this.members[key]
    return document
  }
}

const standard = new Set(['type', 'title', 'status', 'detail', 'instance', '__proto__'])

const kind = (status: number) => (detail?: string, options?: ProblemOptions) => new Problem(status, detail, options)

const withHeaders = (options: ProblemOptions, headers: Headers): ProblemOptions => ({ ...options, headers: { ...headers, ...options.headers } })

/** 400: the request cannot be understood. @example throw badRequest('The limit is not a number.') */
export const badRequest = kind(400)
/**
 * 401: who are you? RFC 9110 section 11.6.1 asks for a challenge with each.
 * @example throw unauthorized('The token has expired.', { challenge: 'Bearer error="invalid_token"' })
 */
export const unauthorized = (detail: string | undefined, { challenge, ...options }: ProblemOptions & { challenge: string | readonly string[] }) =>
  new Problem(401, detail, withHeaders(options, { 'WWW-Authenticate': challenge }))
/** 403: the caller is known and may not. @example throw forbidden() */
export const forbidden = kind(403)
/** 404: there is no such thing, or none that the caller may know of. @example throw notFound('No contact has this number.') */
export const notFound = kind(404)
/**
 * 405: the thing does not take this method. RFC 9110 section 15.5.6 asks for the list of those it takes.
 * @example throw methodNotAllowed(undefined, { allow: ['GET', 'HEAD'] })
 */
export const methodNotAllowed = (detail: string | undefined, { allow, ...options }: ProblemOptions & { allow: readonly string[] }) =>
  new Problem(405, detail, withHeaders(options, { Allow: allow.join(', ') }))
/** 406: no format that the client accepts. @example throw notAcceptable() */
export const notAcceptable = kind(406)
/** 409: in conflict with how things stand. @example throw conflict('The name is taken.') */
export const conflict = kind(409)
/** 410: it was here and will not come back. @example throw gone() */
export const gone = kind(410)
/** 412: a precondition such as `If-Match` does not hold. @example throw preconditionFailed() */
export const preconditionFailed = kind(412)
/** 413: more than the server reads. @example throw contentTooLarge('A photo has at most 1 MiB.') */
export const contentTooLarge = kind(413)
/** 415: a body in a format that is not read here. @example throw unsupportedMediaType('Send JSON.', { headers: { Accept: 'application/json' } }) */
export const unsupportedMediaType = kind(415)
/** 422: well formed, and still senseless. @example throw unprocessableContent('The end is before the start.') */
export const unprocessableContent = kind(422)
/** 428: the request must be conditional (RFC 6585 section 3). @example throw preconditionRequired('Send If-Match.') */
export const preconditionRequired = kind(428)
/** 429: too often (RFC 6585 section 4); `retryAfter` in seconds. @example throw tooManyRequests(undefined, { retryAfter: 30 }) */
export const tooManyRequests = (detail?: string, { retryAfter, ...options }: ProblemOptions & { retryAfter?: number } = {}) =>
  new Problem(429, detail, retryAfter === undefined ? options : withHeaders(options, { 'Retry-After': retryAfter }))
/** 500: a fault of ours that is told on purpose. Any other error is passed to Express instead. @example throw internalError('The index is being rebuilt.') */
export const internalError = kind(500)
/** 501: the method or the feature is unknown to the whole server. @example throw notImplemented() */
export const notImplemented = kind(501)
/** 503: not now; `retryAfter` in seconds. @example throw serviceUnavailable('The database is away.', { retryAfter: 5 }) */
export const serviceUnavailable = (detail?: string, { retryAfter, ...options }: ProblemOptions & { retryAfter?: number } = {}) =>
  new Problem(503, detail, retryAfter === undefined ? options : withHeaders(options, { 'Retry-After': retryAfter }))

/** A class of errors, and the problem that one of them becomes (`undefined`: none, it stays an error). */
export type ErrorRule = readonly [kind: abstract new (...args: never[]) => unknown, toProblem: (error: never) => Problem | undefined]

/** Pairs a class of errors with the problem it becomes, with the type of `error` inferred. @example errors: [mapError(NoSuchUser, () => notFound())] */
export const mapError = <Kind>(kind: abstract new (...args: never[]) => Kind, toProblem: (error: Kind) => Problem | undefined): ErrorRule => [kind, toProblem]

/**
 * The problem that an error is, or `undefined` where it is a bug. In this order: a {@link Problem}; a class that `rules` knows, first match; an error
 * that carries a client's or a gateway's status, as http-errors and body-parser make them. A bare status of 500 is a bug like any other.
 * The message of a foreign error is told only where the error says so itself (`expose`), and its header fields only where it has that member at all:
 * errors of HTTP clients carry the status and the header fields of somebody else's answer.
 */
export function problemOf(error: unknown, rules: readonly ErrorRule[] = []): Problem | undefined {
  if (error instanceof Problem) return error
  for (const [kind, toProblem] of rules) {
    if (error instanceof kind) {
      const problem = toProblem(error as never)
      if (problem) return problem
    }
  }
  if (!(error instanceof Error)) return undefined
  const { status, statusCode, expose, headers } = error as Error & { status?: unknown; statusCode?: unknown; expose?: unknown; headers?: unknown }
  const code = status ?? statusCode
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 400 || code > 599 || code === 500) return undefined
  return new Problem(code, expose === true ? error.message : undefined, {
    cause: error,
    headers: (typeof expose === 'boolean' && headers ? headers : {}) as Headers,
  })
}
