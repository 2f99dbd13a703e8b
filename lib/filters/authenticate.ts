// Authenticate: who is calling? Asks schemes in order; missing credentials may be forgiven, wrong ones never are.
import type { Request, Response } from 'express'
import type { Context, User } from '../context.js'
import { after, Filter, type Next } from '../filter.js'
import { isActive } from '../permission.js'
import { Problem } from '../problem.js'
import { askedOf, checkScheme, isSameSite, keepAsked, Refusal, refused, type Scheme, type Verdict } from '../scheme.js'

/** Options of {@link authenticate}. */
export interface AuthenticateOptions {
  /** Whether a request without credentials goes on, without a user. @default true */
  anonymous?: boolean
  /** Other origins whose pages may make unsafe requests with a cookie of ours, such as `https://app.example.com`. @default none */
  origins?: readonly string[]
}

/**
 * Finds out who is calling and sets `ctx.user`, which is `req.user`. A user that passport or the like has set before counts.
 *
 * - No credentials: goes on without a user, or 401 where `anonymous` is false.
 * - Credentials that no scheme takes, and users whose `active` is not true: 401, with the challenge of every scheme.
 * - A user that a cookie carries, on an unsafe verb, and no sign that the request comes from the same site: 403.
 *
 * Answers are `Cache-Control: private` and vary by what the schemes read.
 *
 * @param schemes one scheme, or several in the order in which they are asked; the first that knows the user wins
 * @example use: [authenticate([basic(check), session()], { anonymous: false })]
 * @throws TypeError when an option is wrong
 */
export function authenticate(schemes: Scheme | readonly Scheme[], options: AuthenticateOptions = {}): Filter {
  const list = checkSchemes(schemes)
  const { anonymous, origins } = checkOptions(options)
  const fields = new Set(list.flatMap((scheme) => scheme.fields))
  const vary = [...fields].join(', ')
  const readsAuthorization = fields.has('Authorization')
  const challenges = [...new Set(list.map(({ challenge }) => challenge))]
  const reserves = list.flatMap(({ parameter }) => parameter ?? [])

  function apply(ctx: Context, next: Next) {
    keepPrivate(ctx.res, vary)
    return after(identify(ctx, list, readsAuthorization, origins), (verdict) => {
      const answer = judge(verdict, ctx)
      if (answer) throw answer
      // A key in the query is ours: nobody behind is to take it for an unknown parameter.
      for (const name of reserves) delete ctx.query[name]
      return next()
    })
  }

  // What stands in the way of this request, if anything does.
  function judge(verdict: User | Rejected | undefined, ctx: Context): Problem | undefined {
    const user = verdict instanceof Rejected ? undefined : verdict
    const said = verdict instanceof Rejected ? challenges.map((one) => verdict.challenges.get(one) ?? one) : challenges
    const known = [...new Set([...said, ...(askedOf(ctx.req)?.challenges ?? [])])]
    keepAsked(ctx.req, { user, challenges: known })
    ctx.user = user
    if (verdict instanceof Rejected) return problemWith(verdict.refusal, known)
    if (user === undefined && !anonymous) return problemWith(missing, known)
    return user !== undefined && !isActive(user) ? problemWith(inactive, known) : undefined
  }

  return new Filter(apply, {
    name: 'authenticate',
    describe: () => ({
      responses: {
        ...(readsAuthorization && { 400: 'The credentials cannot be read.' }),
        401: anonymous ? 'The credentials are wrong.' : 'The credentials are missing or wrong.',
        ...(list.some(({ cookie }) => cookie) && { 403: 'The request does not come from this site.' }),
      },
      security: Object.fromEntries(list.map(({ name, security }) => [name, security])),
      optional: anonymous,
      ...(reserves.length > 0 && { reserves }),
    }),
  })
}

// RFC 9111 section 3.5 keeps shared caches away from answers to `Authorization` only; cookies and API keys need it said.
function keepPrivate(res: Response, vary: string): void {
  if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'private')
  if (vary !== '') res.vary(vary)
}

/** A refusal that stands, and what its schemes say in the place of their challenges. */
class Rejected {
  readonly refusal: Refusal
  readonly challenges = new Map<string, string>()

  constructor(refusal: Refusal) {
    this.refusal = refusal
  }
}

function identify(ctx: Context, list: readonly Scheme[], readsAuthorization: boolean, origins: readonly string[]): Identity | Promise<Identity> {
  const { req, user } = ctx
  if (user !== undefined && user !== null) {
    // Found by a filter of this kind, further out; or by somebody else, and then perhaps in a cookie.
    return askedOf(req)?.user === user || !carriedByCookie(req) || isSameSite(req, origins) ? user : new Rejected(foreign)
  }
  return ask(ctx, list, origins, 0, undefined, (rejected) => {
    // An Authorization field that no scheme wanted is wrong credentials too.
    return rejected ?? (readsAuthorization && req.headers.authorization !== undefined ? new Rejected(unknown) : undefined)
  })
}

type Identity = User | Rejected | undefined

// One scheme after the other, synchronously as long as none has to wait. A refusal does not end the search: the next scheme may know the token.
function ask(
  ctx: Context,
  list: readonly Scheme[],
  origins: readonly string[],
  index: number,
  rejected: Rejected | undefined,
  end: (rejected: Rejected | undefined) => Identity,
): Identity | Promise<Identity> {
  const scheme = list[index]
  if (!scheme) return end(rejected)
  return after<Verdict, Identity>(scheme.authenticate(ctx), (verdict) => {
    if (verdict === undefined) return ask(ctx, list, origins, index + 1, rejected, end)
    if (!(verdict instanceof Refusal) && (!scheme.cookie || isSameSite(ctx.req, origins))) return verdict
    const refusal = verdict instanceof Refusal ? verdict : foreign
    rejected ??= new Rejected(refusal)
    if (refusal.challenge !== undefined) rejected.challenges.set(scheme.challenge, refusal.challenge)
    return ask(ctx, list, origins, index + 1, rejected, end)
  })
}

// Somebody else has set the user. A bearer token is never sent but on purpose; Basic credentials a browser sends by itself, as it does cookies.
const carriedByCookie = ({ headers }: Request): boolean => headers.cookie !== undefined && !/^bearer /i.test(headers.authorization ?? '')

const missing = refused('Credentials are needed.')
const unknown = refused('Credentials of this kind are not taken.')
const inactive = refused('These credentials are not taken.')
const foreign = refused('The user comes with a cookie, and nothing says that a page of this site made the request.', { status: 403 })

function problemWith({ detail, status }: Refusal, challenges: readonly string[]): Problem {
  return new Problem(status, detail, status === 403 ? {} : { headers: { 'WWW-Authenticate': challenges } })
}

function checkSchemes(schemes: Scheme | readonly Scheme[]): readonly Scheme[] {
  const list: readonly unknown[] = Array.isArray(schemes) ? schemes : [schemes]
  if (list.length === 0) throw new TypeError("authenticate(): 'schemes' needs at least one scheme.")
  for (const scheme of list) checkScheme(scheme, 'authenticate()')
  const names = (list as Scheme[]).map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new TypeError(`authenticate(): 'schemes' needs names that differ; give one of the two '${twice}' another with its option 'name'.`)
  return list as Scheme[]
}

function checkOptions({ anonymous = true, origins = [], ...rest }: AuthenticateOptions): Required<AuthenticateOptions> {
  const unknownName = Object.keys(rest)[0]
  if (unknownName !== undefined) throw new TypeError(`authenticate(): '${unknownName}' is not an option.`)
  if (typeof anonymous !== 'boolean') throw new TypeError("authenticate(): 'anonymous' needs true or false.")
  if (!Array.isArray(origins) || origins.some((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin))
    throw new TypeError("authenticate(): 'origins' needs a list of origins such as 'https://app.example.com'.")
  return { anonymous, origins }
}
