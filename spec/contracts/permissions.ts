// Permissions contract: a generated matrix of users, verbs and resources against a short oracle, for every implementation of Permissions.
import { expect, it } from 'vitest'
import { authenticate } from '../../lib/filters/authenticate.js'
import { authorize } from '../../lib/filters/authorize.js'
import { type Context, filter, resource } from '../../lib/index.js'
import { type Permissions, permissionNames } from '../../lib/permission.js'
import { basic } from '../../lib/schemes/basic.js'
import { serve } from '../support/serve.js'

/** What an implementation has to know before the matrix is asked. */
export interface Facts {
  users: { name: string; superuser?: boolean; active?: boolean; permissions: string[] }[]
  groups: { name: string; members: string[]; permissions: string[] }[]
  anonymous: string[]
}

/** An implementation that knows the facts, and a way to look its users up. */
export interface Made {
  permissions: Permissions
  find(name: string): object | undefined | Promise<object | undefined>
}

const verbs = ['get', 'head', 'post', 'put', 'patch', 'delete', 'query', 'options'] as const

/** 32 resources: each bit of the number switches one circumstance on. */
const resources = Array.from({ length: 32 }, (_, number) => ({
  name: number & 1 ? `my/thing-${number}` : `thing_${number}`,
  forAnybody: Boolean(number & 2),
  ownPermission: number & 4 ? `special_${number}` : undefined,
  forGroups: Boolean(number & 8),
  elsewhere: Boolean(number & 16),
}))

// The jedi have the four of old: PATCH had no permission of its own then.
const four = (name: string) => permissionNames(name, ['post', 'get', 'put', 'delete'])
const facts: Facts = {
  users: [
    { name: 'yoda', superuser: true, permissions: [] },
    {
      name: 'luke',
      permissions: resources.filter(({ elsewhere }) => !elsewhere).flatMap(({ name, ownPermission }) => [...four(name)].concat(ownPermission ?? [])),
    },
    { name: 'sith', permissions: resources.flatMap(({ name }) => permissionNames(name, ['get'])) },
    { name: 'ghost', active: false, permissions: resources.flatMap(({ name }) => permissionNames(name)) },
    { name: 'fallen', superuser: true, active: false, permissions: [] },
    { name: 'leia', permissions: permissionNames('thing_0', ['delete']) },
    { name: 'nobody', permissions: [] },
  ],
  groups: [
    {
      name: 'jedi',
      members: ['leia', 'ghost'],
      permissions: resources.filter(({ forGroups }) => forGroups).flatMap(({ name }) => permissionNames(name, ['patch', 'get'])),
    },
    { name: 'senate', members: ['leia', 'luke'], permissions: ['special_4'] },
    { name: 'empty', members: [], permissions: resources.flatMap(({ name }) => permissionNames(name)) },
  ],
  anonymous: resources.filter(({ forAnybody }) => forAnybody).flatMap(({ name }) => permissionNames(name, ['get'])),
}

// Who is let in, said once more and in other words than in the library.
function oracle(who: string | undefined, verb: string, { name, ownPermission }: (typeof resources)[number], loggedInBy: string): number {
  const user = facts.users.find((one) => one.name === who)
  if (user?.active === false && loggedInBy === 'password') return 401
  if (verb === 'options') return 200
  if (user?.active === false) return 403
  if (user?.superuser) return 200
  const needed = ownPermission ?? `resource_${name}_${{ head: 'get', query: 'get' }[verb] ?? verb}`
  if (facts.anonymous.includes(needed)) return 200
  if (!user) return 401
  if (user.permissions.includes(needed)) return 200
  return facts.groups.some(({ members, permissions }) => members.includes(user.name) && permissions.includes(needed)) ? 200 : 403
}

/**
 * The matrix: eight callers, eight verbs, 32 resources, logged in by a password or by something upstream: 4,096 requests.
 * @param make gives an implementation that knows the facts
 */
export function permissionMatrix(make: (facts: Facts) => Made | Promise<Made>): void {
  it('lets in whom the oracle lets in, in 4,096 cells', { timeout: 120_000 }, async () => {
    const { permissions, find } = await make(facts)
    const password = authenticate(basic((name) => find(name) as never))
    const upstream = filter(async (ctx, next) => {
      ctx.user = (await find(ctx.req.get('X-User') ?? '')) as Context['user']
      return next()
    })
    const ok = () => 'in'
    const table = (who: ReturnType<typeof filter>, { name, ownPermission }: (typeof resources)[number], root: string) =>
      resource(name, {
        path: `/${root}/${name}`,
        use: [who, authorize(permissions)],
        ...(ownPermission !== undefined && { permission: ownPermission }),
        ...{ get: ok, post: ok, put: ok, patch: ok, delete: ok, query: ok, options: ok },
      })
    const { send } = await serve(...resources.flatMap((one) => [table(password, one, 'password'), table(upstream, one, 'upstream')]))
    const differences: string[] = []
    let cells = 0
    for (const one of resources) {
      const asked = [undefined, ...facts.users.map(({ name }) => name)].flatMap((who) =>
        verbs.flatMap((verb) =>
          (['password', 'upstream'] as const).map(async (by) => {
            const headers =
              who === undefined ? {} : by === 'password' ? { Authorization: `Basic ${Buffer.from(`${who}:x`).toString('base64')}` } : { 'X-User': who }
            const { status } = await send(verb.toUpperCase(), `/${by}/${one.name}`, undefined, headers)
            const expected = oracle(who, verb, one, by)
            cells++
            if (status !== expected) differences.push(`${by} ${who ?? 'anonymous'} ${verb} ${one.name}: ${status}, not ${expected}`)
          }),
        ),
      )
      await Promise.all(asked)
    }
    expect(differences).toEqual([])
    expect(cells).toBe(4096)
  })
}
