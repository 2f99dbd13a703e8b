// Permissions in tables pass the matrix on every database; and names come from the resources, by several processes at once.
import { DataTypes, type Model, type Sequelize } from 'sequelize'
import { afterEach, describe, expect, it } from 'vitest'
import { authorize } from '../../lib/filters/authorize.js'
import { type Context, filter, resource } from '../../lib/index.js'
import { type PermissionTables, permissions } from '../../lib/sequelize/permissions.js'
import { expectQueries } from '../../lib/testing.js'
import { type Facts, type Made, permissionMatrix } from '../contracts/permissions.js'
import { databases, type Opened } from '../support/databases.js'
import { serve } from '../support/serve.js'

type Owner = Model & { addPermissions(list: Model[]): Promise<void>; addGroup(group: Model): Promise<void> }

describe.each(databases)('permissions in $name', ({ name, open }) => {
  const left: Opened[] = []
  const place = async (): Promise<Sequelize> => {
    const opened = await open('spec_permissions')
    left.push(opened)
    return opened.sequelize
  }
  afterEach(async () => {
    for (const { close } of left.splice(0)) await close()
  })

  async function fill({ users, groups, anonymous }: Facts): Promise<Made> {
    const sequelize = await place()
    const acl = permissions(sequelize)
    const { User, Group, Permission } = acl.models
    await sequelize.sync()
    const known = new Map<string, Model>()
    const all = [...users, ...groups, { permissions: anonymous }].flatMap((one) => one.permissions)
    for (const one of await Permission.bulkCreate([...new Set(all)].map((name) => ({ name })))) known.set(one.get('name') as string, one)
    // SQLite gives no keys back.
    for (const one of await Permission.findAll()) known.set(one.get('name') as string, one)
    const grant = (to: Owner, names: string[]): Promise<void> => to.addPermissions([...new Set(names)].map((name) => known.get(name) as Model))
    const byName = new Map<string, Owner>()
    for (const { permissions: names, ...user } of users) {
      const made = (await User.create(user)) as Owner
      byName.set(user.name, made)
      await grant(made, names)
    }
    for (const { name, members, permissions: names } of [...groups, { name: 'anonymous', members: [], permissions: anonymous }]) {
      const group = (await Group.create({ name })) as Owner
      await grant(group, names)
      for (const member of members) await byName.get(member)?.addGroup(group)
    }
    return { permissions: acl, find: async (name) => (await User.findOne({ where: { name } }))?.get() }
  }

  // A file is what it is in memory, 4,096 times over.
  if (name !== 'SQLite in a file') permissionMatrix(fill)

  const logged = (user: object | undefined) =>
    filter((ctx, next) => {
      if (user) ctx.user = user as Context['user']
      return next()
    })
  const guarded = (acl: PermissionTables, user?: object) =>
    resource('things', {
      use: [logged(user), authorize(acl)],
      get: () => 'in',
      '/:id': { put: () => 'in', delete: () => 'in' },
    })

  it('asks once for each request, and not again for some seconds where that is wanted', async () => {
    const sequelize = await place()
    const acl = permissions(sequelize, { remember: 60 })
    await acl.sync(guarded(acl), { tables: true })
    const { User, Permission } = acl.models
    const ada = (await User.create({ name: 'ada' })) as Owner
    const twice = resource('things', {
      use: [logged(ada.get()), authorize(acl), authorize(acl)],
      get: () => 'in',
    })
    const { get } = await serve(twice)
    // One for the user, one for anybody.
    await expectQueries(sequelize, 2, async () => expect((await get('/things')).status).toBe(403))
    await ada.addPermissions(await Permission.findAll({ where: { name: 'resource_things_get' } }))
    await expectQueries(sequelize, 0, async () => expect((await get('/things')).status).toBe(403))
    acl.forget()
    await expectQueries(sequelize, 1, async () => expect((await get('/things')).status).toBe(200))
  })

  it('adds the names that resources ask for, once, and tells those that are stale', async () => {
    const sequelize = await place()
    const acl = permissions(sequelize)
    const open = resource('open', { get: () => 'in' })
    expect(await acl.sync([guarded(acl), open], { tables: true })).toEqual({
      added: ['resource_things_delete', 'resource_things_get', 'resource_things_put'],
      stale: [],
    })
    await acl.models.Permission.create({ name: 'resource_Things_get' })
    expect(await acl.sync([guarded(acl)])).toEqual({ added: [], stale: ['resource_Things_get'] })
    expect(await acl.models.Permission.count()).toBe(4)
  })

  if (name !== 'SQLite')
    it('bears several that start at once', async () => {
      await place()
      const { sequelize, another } = left[0] as Opened
      const others = Array.from({ length: 3 }, another)
      const all = [sequelize, ...others].map((one) => permissions(one))
      const guardedMany = (acl: PermissionTables) =>
        Array.from({ length: 20 }, (_, index) => resource(`r${index}`, { use: [authorize(acl)], get: () => 1, post: () => 1, put: () => 1 }))
      const reports = await Promise.all(all.map((acl) => acl.sync(guardedMany(acl), { tables: true })))
      expect(reports.every(({ stale }) => stale.length === 0)).toBe(true)
      expect(await all[0]?.models.Permission.count()).toBe(60)
      for (const one of others) await one.close()
    })

  it('takes a user model of the application', async () => {
    const sequelize = await place()
    const Account = sequelize.define('Account', { id: { type: DataTypes.UUID, primaryKey: true, defaultValue: DataTypes.UUIDV4 }, login: DataTypes.STRING })
    const acl = permissions(sequelize, { user: Account, by: (user: { account: string }) => user.account })
    await acl.sync(guarded(acl), { tables: true })
    const account = (await Account.create({ login: 'ada' })) as Owner
    await account.addPermissions(await acl.models.Permission.findAll({ where: { name: 'resource_things_get' } }))
    const { get } = await serve(guarded(acl, { account: account.get('id') }))
    expect((await get('/things')).status).toBe(200)
    const { get: getOther } = await serve(guarded(acl, { account: 'no uuid' }))
    expect((await getOther('/things')).status).toBe(403)
  })

  it('needs names of its own', async () => {
    const sequelize = await place()
    sequelize.define('User', {})
    expect(() => permissions(sequelize)).toThrow("permissions(): there is a model User already; hand it over as 'user'.")
  })
})
