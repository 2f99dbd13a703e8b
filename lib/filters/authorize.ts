// Authorize: may this user do that? By the name of the endpoint's permission, or by a rule of the application's own. What is not granted is refused.
import type { Context, User } from '../context.js'
import { after, Filter, type Next } from '../filter.js'
import { isActive, isSuperuser, type Permissions } from '../permission.js'
import { forbidden, type Problem, unauthorized } from '../problem.js'
import { askedOf } from '../scheme.js'

/** A rule of the application's own; only `true` lets a request go on. */
export type Rule = (ctx: Context) => boolean | Promise<boolean>

/**
 * Lets a request go on where the user may do it: 401 where nobody is logged in, 403 otherwise.
 *
 * By permissions, an endpoint asks for its own `permission`, or for `resource_<name>_<verb>`; HEAD and QUERY ask for that of GET, OPTIONS for none.
 * A superuser may everything, a user who is not active nothing; somebody not logged in only what {@link Permissions.anonymous} grants.
 *
 * By a rule, the rule decides for all users but those who are not active.
 *
 * @example use: [authenticate(basic(check)), authorize(permissions)]
 * @example use: [authorize((ctx) => ctx.params.id === ctx.user?.id)]
 * @throws TypeError for something else; and when the resource is made, where permissions are asked for and it has no name
 */
export function authorize(rule: Permissions | Rule): Filter {
  if (typeof rule === 'function')
    return new Filter((ctx, next) => after(follow(rule, ctx), (allowed) => proceed(allowed, ctx, next)), { name: 'authorize', describe })
  if (typeof rule?.of !== 'function' || (rule.anonymous !== undefined && typeof rule.anonymous !== 'function'))
    throw new TypeError('authorize(): permissions, or a function (ctx) => boolean, are needed.')

  return new Filter((ctx, next) => after(isGranted(rule, ctx), (allowed) => proceed(allowed, ctx, next)), {
    name: 'authorize',
    check({ permission, path, verb }) {
      if (permission === undefined && verb !== 'options')
        throw new TypeError(`authorize(): ${verb} ${path} has no permission to ask for; give the resource a name, or the endpoint a 'permission'.`)
    },
    describe: ({ permission }) => (permission === undefined ? {} : { ...describe(), permission }),
  })
}

const describe = () => ({ responses: { 401: 'Nobody is logged in.', 403: 'The user may not do this.' } })

function proceed(allowed: boolean, ctx: Context, next: Next): ReturnType<Next> {
  if (allowed === true) return next()
  throw refusal(ctx)
}

function refusal({ req, user }: Context): Problem {
  if (isSomebody(user)) return forbidden('The user may not do this.')
  return unauthorized('Nobody is logged in.', { challenge: askedOf(req)?.challenges ?? anyChallenge })
}

// RFC 9110 section 11.6.1 asks every 401 for a challenge, also where a log-in page or passport does what schemes do.
const anyChallenge = 'Session'

const isSomebody = (user: User | null | undefined): user is User => user !== undefined && user !== null

function follow(rule: Rule, ctx: Context): boolean | Promise<boolean> {
  return isSomebody(ctx.user) && !isActive(ctx.user) ? false : rule(ctx)
}

function isGranted(permissions: Permissions, { place, req, user }: Context): boolean | Promise<boolean> {
  const { permission } = place
  if (permission === undefined) return place.verb === 'options'
  const byAnybody = () => (permissions.anonymous ? after(permissions.anonymous(req), (granted) => granted.has(permission)) : false)
  if (!isSomebody(user)) return byAnybody()
  if (!isActive(user)) return false
  if (isSuperuser(user)) return true
  return after(permissions.of(user, req), (granted) => granted.has(permission) || byAnybody())
}
