import { describe, expect, it } from 'vitest'
import { authenticate } from '../../lib/filters/authenticate.js'
import { authorize } from '../../lib/filters/authorize.js'
import { filter, resource } from '../../lib/index.js'
import { grants, type Permissions, permissionNames, permissionOf } from '../../lib/permission.js'
import { basic } from '../../lib/schemes/basic.js'
import { bearer } from '../../lib/schemes/bearer.js'
import { permissionMatrix } from '../contracts/permissions.js'
import { serve } from '../support/serve.js'

const as = (user: object) =>
  filter((ctx, next) => {
    ctx.user = user
    return next()
  })
const none: Permissions = { of: () => new Set() }

describe('authorize() by grants()', () => {
  permissionMatrix(({ users, groups, anonymous }) => ({
    permissions: grants({
      users: Object.fromEntries(users.map(({ name, permissions }) => [name, permissions])),
      groups: Object.fromEntries(groups.map(({ name, ...group }) => [name, group])),
      anonymous,
    }),
    find: (name) => users.find((user) => user.name === name),
  }))

  it('takes permissions that come later', async () => {
    const acl: Permissions = { of: async () => new Set(['resource_notes_get']), anonymous: async () => new Set(['resource_notes_post']) }
    const { get, send } = await serve(resource('notes', { use: [as({}), authorize(acl)], get: () => 1, post: () => 1, put: () => 1 }))
    expect([(await get('/notes')).status, (await send('POST', '/notes')).status, (await send('PUT', '/notes')).status]).toEqual([200, 200, 403])
  })

  it('asks for a permission of the endpoint’s own, the inner level over the outer', async () => {
    const acl = grants({ users: { luke: ['publish', 'admin'] } })
    const { get, send } = await serve(
      resource('notes', {
        permission: 'admin',
        use: [as({ name: 'luke' }), authorize(acl)],
        get: () => 1,
        post: { permission: 'publish', handler: () => 1 },
        put: { permission: 'erase', handler: () => 1 },
      }),
    )
    expect([(await get('/notes')).status, (await send('POST', '/notes')).status, (await send('PUT', '/notes')).status]).toEqual([200, 200, 403])
  })

  it('gives the reason as a problem, with every challenge where nobody is logged in', async () => {
    const check = basic(() => undefined)
    const { get } = await serve(
      resource('notes', { use: [authenticate([check, bearer(() => undefined)]), authorize(none)], get: () => 1 }),
      resource('bare', { use: [authorize(none)], get: () => 1 }),
    )
    const answer = await get('/notes')
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe(`${check.challenge}, Bearer realm="api"`)
    expect(await answer.json()).toMatchObject({ status: 401, detail: 'Nobody is logged in.' })
    expect((await get('/bare')).headers.get('www-authenticate')).toBe('Session')
  })

  it('does not ask about superusers, and about users who are not active', async () => {
    const acl: Permissions = {
      of: () => {
        throw new Error('asked')
      },
    }
    const [boss, ghost] = [as({ superuser: true }), as({ superuser: true, active: false })]
    const { get } = await serve(resource('a', { use: [boss, authorize(acl)], get: () => 1 }), resource('b', { use: [ghost, authorize(acl)], get: () => 1 }))
    expect([(await get('/a')).status, (await get('/b')).status]).toEqual([200, 403])
  })

  it('takes no other value than true for a superuser', async () => {
    for (const superuser of [1, 'true', {}, 'yes']) {
      const { get } = await serve(resource('a', { use: [as({ superuser }), authorize(none)], get: () => 1 }))
      expect((await get('/a')).status).toBe(403)
    }
  })

  it('is closed where the permissions fail', async () => {
    for (const of of [() => undefined, () => ['resource_a_get'], async () => Promise.reject(new Error('no database'))]) {
      const { get, errors } = await serve(resource('a', { use: [as({}), authorize({ of } as never)], get: () => 1 }))
      expect((await get('/a')).status).toBe(500)
      expect(errors).toHaveLength(1)
    }
  })

  it('comes after 405, and leaves the OPTIONS of the table alone', async () => {
    const { send } = await serve(resource('notes', { use: [authorize(none)], get: () => 1 }))
    expect([(await send('DELETE', '/notes')).status, (await send('OPTIONS', '/notes')).status, (await send('HEAD', '/notes')).status]).toEqual([405, 204, 401])
  })

  it('throws when the resource is made, where there is no name to ask for', () => {
    expect(() => resource({ use: [authorize(none)], get: () => 1 })).toThrow(
      "authorize(): get / has no permission to ask for; give the resource a name, or the endpoint a 'permission'.",
    )
    expect(() => resource({ use: [authorize(none)], get: { permission: 'read', handler: () => 1 } })).not.toThrow()
    expect(() => resource({ use: [authorize(() => true)], get: () => 1 })).not.toThrow()
  })

  it('describes the permission that it asks for', () => {
    const place = { resource: 'notes', base: '/notes', path: '/', verb: 'query', permission: 'resource_notes_get', meta: {} }
    expect(authorize(none).describe?.(place)).toEqual({ permission: 'resource_notes_get', responses: { 401: expect.any(String), 403: expect.any(String) } })
    expect(authorize(none).describe?.({ ...place, verb: 'options', permission: undefined })).toEqual({})
  })

  it.each([
    undefined,
    null,
    true,
    'acl',
    7,
    [],
    {},
    { of: {} },
    { of: new Set() },
    { of: () => new Set(), anonymous: new Set() },
    { of: () => new Set(), anonymous: true },
  ])('refuses wrong options: %j', (wrong) => {
    expect(() => authorize(wrong as never)).toThrow('authorize(): permissions, or a function')
  })
})

describe('authorize() by a rule', () => {
  const ask = async (rule: unknown, user?: object) => {
    const { get } = await serve(resource('notes', { use: [as(user as object), authorize(rule as never)], '/:id': { get: () => 1 } }))
    return (await get('/notes/7')).status
  }

  it('lets the rule decide, now or later', async () => {
    const own = ({ params, user }: { params: { id: string }; user: { id: string } }) => params.id === user?.id
    expect(await ask(own, { id: '7' })).toBe(200)
    expect(await ask(own, { id: '8' })).toBe(403)
    expect(await ask(own)).toBe(401)
    expect(await ask(async () => true)).toBe(200)
    expect(await ask(async () => false, {})).toBe(403)
  })

  it('takes only true for yes', async () => {
    for (const answer of [undefined, null, 1, 'yes', {}, Promise.resolve('yes')]) expect(await ask(() => answer, {})).toBe(403)
  })

  it('does not ask about users who are not active', async () => {
    expect(await ask(() => true, { active: false })).toBe(403)
  })
})

describe('permissionOf() and permissionNames()', () => {
  it('name what a verb needs', () => {
    expect(permissionNames('my/thing')).toEqual(['post', 'get', 'put', 'patch', 'delete'].map((verb) => `resource_my/thing_${verb}`))
    expect(['get', 'head', 'query', 'patch', 'options'].map((verb) => permissionOf('a', verb))).toEqual([
      'resource_a_get',
      'resource_a_get',
      'resource_a_get',
      'resource_a_patch',
      undefined,
    ])
    expect(permissionOf('a', 'get', 'own')).toBe('own')
    expect(permissionOf('a', 'options', 'own')).toBeUndefined()
    expect(permissionOf(undefined, 'get')).toBeUndefined()
  })
})

describe('grants()', () => {
  it('calls users what it is told to call them', async () => {
    const acl = grants({ users: { 'a@b.example': ['x'] }, by: (user: { email: string }) => user.email })
    expect([...(await acl.of({ email: 'a@b.example' }, {} as never))]).toEqual(['x'])
    expect([...(await acl.of({ name: 'a@b.example' }, {} as never))]).toEqual([])
  })

  it('has nothing for names that every object has', async () => {
    const acl = grants({ users: { luke: ['x'] } })
    for (const name of ['constructor', '__proto__', 'toString', undefined]) expect([...(await acl.of({ name }, {} as never))]).toEqual([])
  })

  it.each([
    [{ users: { a: 'x' } }, "'users.a'"],
    [{ users: { a: [7] } }, "'users.a'"],
    [{ users: { a: [''] } }, "'users.a'"],
    [{ users: { a: undefined } }, "'users.a'"],
    [{ groups: { a: undefined } }, "'groups.a.permissions'"],
    [{ groups: { a: ['x'] } }, "'groups.a.permissions'"],
    [{ groups: { a: { members: 'x', permissions: [] } } }, "'groups.a.members'"],
    [{ groups: { a: { members: [], permissions: 'x' } } }, "'groups.a.permissions'"],
    [{ anonymous: 'x' }, "'anonymous'"],
    [{ anonymous: [undefined] }, "'anonymous'"],
    [{ by: 'name' }, "'by'"],
  ])('refuses wrong options: %j', (options, word) => {
    expect(() => grants(options as never)).toThrow(word)
  })
})
