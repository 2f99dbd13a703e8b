// What Sequelize's users have in their models works as ever: names of columns, getters, virtual attributes, hooks, scopes, soft deletion, all kinds of associations.
import { DataTypes, type Model, Op, type Sequelize } from 'sequelize'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelStore } from '../../lib/sequelize/store.js'
import type { Page, Row, Selection, Store } from '../../lib/store.js'
import { expectQueries } from '../../lib/testing.js'
import type { Where } from '../../lib/where.js'
import { databases, type Opened } from '../support/databases.js'

function define(sequelize: Sequelize) {
  const Person = sequelize.define(
    'Person',
    {
      code: { type: DataTypes.STRING(10), primaryKey: true },
      firstName: { type: DataTypes.STRING(50), allowNull: false },
      // Names that stand crosswise.
      nick: { type: DataTypes.STRING(50), field: 'label' },
      label: { type: DataTypes.STRING(50), field: 'nick' },
      email: {
        type: DataTypes.STRING(100),
        get(this: Model) {
          return (this.getDataValue('email') as string | null)?.toLowerCase() ?? null
        },
      },
      passwordHash: DataTypes.STRING(100),
      shout: {
        type: DataTypes.VIRTUAL(DataTypes.STRING, ['firstName']),
        get(this: Model) {
          return `${this.get('firstName')}!`
        },
      },
      any: {
        type: DataTypes.VIRTUAL,
        get(this: Model) {
          return [this.get('firstName'), this.get('nick')]
        },
      },
      settings: DataTypes.JSON,
      photo: DataTypes.BLOB,
      seen: DataTypes.DATE(6),
    },
    { underscored: true, paranoid: true },
  )
  const Badge = sequelize.define(
    'Badge',
    { id: { type: DataTypes.UUID, primaryKey: true, defaultValue: DataTypes.UUIDV4 }, colour: DataTypes.STRING(20) },
    { timestamps: false },
  )
  const Team = sequelize.define(
    'Team',
    { id: { type: DataTypes.BIGINT, primaryKey: true }, name: DataTypes.STRING(50) },
    { timestamps: false, defaultScope: { where: { name: { [Op.ne]: 'secret' } } } },
  )
  const Membership = sequelize.define('Membership', { role: { type: DataTypes.STRING(20), defaultValue: 'member' } }, { timestamps: false })
  const Note = sequelize.define(
    'Note',
    { text: DataTypes.STRING(100), about: DataTypes.STRING(10), aboutCode: DataTypes.STRING(10) },
    { timestamps: false, underscored: true },
  )
  Person.hasOne(Badge, { as: 'badge', foreignKey: 'personCode' })
  Badge.belongsTo(Person, { as: 'person', foreignKey: 'personCode' })
  Person.belongsTo(Person, { as: 'boss', foreignKey: 'bossCode' })
  Person.hasMany(Person, { as: 'reports', foreignKey: 'bossCode' })
  Person.belongsToMany(Team, { as: 'teams', through: Membership, foreignKey: 'personCode', otherKey: 'teamId' })
  Team.belongsToMany(Person, { as: 'members', through: Membership, foreignKey: 'teamId', otherKey: 'personCode' })
  Person.belongsToMany(Team, { as: 'leads', through: { model: Membership, scope: { role: 'lead' } }, foreignKey: 'personCode', otherKey: 'teamId' })
  Person.hasMany(Note, { as: 'notes', foreignKey: 'aboutCode', constraints: false, scope: { about: 'person' } })
  return { Person, Badge, Team, Membership, Note }
}

const byCode = [{ field: 'code' }]

describe.each(databases)('models on $name', ({ name, open }) => {
  let opened: Opened
  let models: ReturnType<typeof define>
  let people: Store
  let teams: Store
  let badges: Store
  beforeAll(async () => {
    opened = await open('spec_models')
    models = define(opened.sequelize)
    await opened.sequelize.sync()
    people = modelStore(models.Person)
    teams = modelStore(models.Team)
    badges = modelStore(models.Badge)
    await people.create([
      { code: 'ada', firstName: 'Ada', email: 'Ada@Example.org', nick: 'n1', label: 'l1', settings: { theme: ['dark'] }, seen: '2024-01-01T00:00:00.500Z' },
      { code: 'ben', firstName: 'Ben', bossCode: 'ada', nick: 'n2', label: 'l2', settings: 'text' },
      { code: 'cyd', firstName: 'Cyd', bossCode: 'ada', passwordHash: 'x' },
      { code: 'gone', firstName: 'Gone', bossCode: 'ada' },
    ])
    await people.remove({ key: { code: 'gone' } })
    await models.Team.bulkCreate([
      { id: '9007199254740993', name: 'red' },
      { id: '9007199254740992', name: 'blue' },
      { id: '3', name: 'secret' },
    ])
    await models.Membership.bulkCreate([
      { personCode: 'ada', teamId: '9007199254740993', role: 'lead' },
      { personCode: 'ada', teamId: '9007199254740992' },
      { personCode: 'ada', teamId: '3', role: 'lead' },
      { personCode: 'ben', teamId: '9007199254740992', role: 'lead' },
      { personCode: 'gone', teamId: '9007199254740992' },
    ])
    await models.Note.bulkCreate([
      { text: 'right', about: 'person', aboutCode: 'ada' },
      { text: 'of another kind', about: 'team', aboutCode: 'ada' },
    ])
    await badges.create([{ colour: 'gold', personCode: 'ben' }])
  })
  afterAll(() => opened?.close())

  const find = (where?: Where, select?: Selection): Promise<Page> =>
    people.find({ where, sort: byCode, page: { limit: 10, offset: 0 }, count: 'exact', select })
  const codes = async (where: Where): Promise<unknown[]> => (await find(where)).rows.map(({ code }) => code)

  it('names columns as the model says', async () => {
    expect(await codes({ field: 'nick', op: 'eq', value: 'n1' })).toEqual(['ada'])
    expect(await codes({ field: 'label', op: 'eq', value: 'l2' })).toEqual(['ben'])
    const { rows } = await people.find({
      sort: [{ field: 'label', descending: true }, ...byCode],
      page: { limit: 9, offset: 0 },
      count: 'none',
      select: { fields: ['nick'] },
    })
    expect(rows).toEqual([{ nick: null }, { nick: 'n2' }, { nick: 'n1' }])
    expect(await people.update({ key: { code: 'ben' }, where: { field: 'nick', op: 'eq', value: 'n2' } }, { label: 'l3' })).toMatchObject({
      nick: 'n2',
      label: 'l3',
    })
  })

  it('leaves secrets, binary columns and what marks deletion out of the schema', () => {
    const names = Object.keys(people.schema.properties)
    expect(names).toEqual(['code', 'firstName', 'nick', 'label', 'email', 'shout', 'any', 'settings', 'seen', 'createdAt', 'updatedAt', 'bossCode'])
    expect(Object.keys(modelStore(models.Person, { reveal: ['passwordHash', 'photo'] }).schema.properties)).toEqual(
      expect.arrayContaining(['passwordHash', 'photo']),
    )
  })

  it('runs getters and makes virtual attributes', async () => {
    expect((await find({ field: 'code', op: 'eq', value: 'ada' }, { fields: ['email', 'shout', 'any'] })).rows).toEqual([
      { email: 'ada@example.org', shout: 'Ada!', any: ['Ada', 'n1'] },
    ])
    expect(await people.get({ key: { code: 'ada' } }, { fields: ['shout'] })).toEqual({ shout: 'Ada!' })
  })

  it('gives JSON as it was stored', async () => {
    expect((await find(undefined, { fields: ['settings'] })).rows).toEqual([{ settings: { theme: ['dark'] } }, { settings: 'text' }, { settings: null }])
  })

  it('shows binary data as base64', async () => {
    const withPhoto = modelStore(models.Person, { only: ['photo'] })
    expect(await withPhoto.update({ key: { code: 'cyd' } }, { photo: 'AP8=' })).toMatchObject({ photo: 'AP8=' })
    expect(await withPhoto.get({ key: { code: 'cyd' } })).toEqual({ code: 'cyd', photo: 'AP8=' })
    expect((await models.Person.findByPk('cyd'))?.get('photo')).toEqual(Buffer.from([0, 255]))
  })

  it('sees no row that is deleted, by any way', async () => {
    expect(await people.get({ key: { code: 'gone' } })).toBeUndefined()
    expect(await people.update({ key: { code: 'gone' } }, { nick: 'x' })).toBeUndefined()
    expect(await people.remove({ key: { code: 'gone' } })).toBe(false)
    expect((await find()).total).toEqual({ value: 3, exact: true })
    expect(await models.Person.count({ paranoid: false })).toBe(4)
    const { rows } = await find({ field: 'code', op: 'eq', value: 'ada' }, { fields: [], include: { reports: { fields: ['code'], sort: byCode } } })
    expect(rows).toEqual([{ reports: [{ code: 'ben' }, { code: 'cyd' }] }])
    expect((await teams.get({ key: { id: '9007199254740992' } }, { include: { members: { fields: ['code'], sort: byCode } } }))?.members).toEqual([
      { code: 'ada' },
      { code: 'ben' },
    ])
  })

  it('keeps to the default scope, whatever is asked', async () => {
    const secret: Where = { field: 'name', op: 'eq', value: 'secret' }
    const page = { sort: [{ field: 'id' }], page: { limit: 9, offset: 0 }, count: 'exact' } as const
    expect(await teams.find({ where: secret, ...page })).toMatchObject({ rows: [], total: { value: 0 } })
    expect(await teams.find({ where: { or: [secret, { and: [] }] }, ...page })).toMatchObject({ total: { value: 2 } })
    expect(await teams.get({ key: { id: '3' } })).toBeUndefined()
    expect(await teams.update({ key: { id: '3' } }, { name: 'public' })).toBeUndefined()
    expect(await teams.remove({ key: { id: '3' } })).toBe(false)
    expect(await codes({ relation: 'teams', where: secret })).toEqual([])
    const { rows } = await find(
      { field: 'code', op: 'eq', value: 'ada' },
      { fields: [], include: { teams: { fields: ['id'], sort: [{ field: 'id' }] }, leads: { fields: ['name'] } } },
    )
    expect(rows).toEqual([{ teams: [{ id: '9007199254740992' }, { id: '9007199254740993' }], leads: [{ name: 'red' }] }])
    expect(await modelStore(models.Team.unscoped()).get({ key: { id: '3' } })).toEqual({ id: '3', name: 'secret' })
  })

  it('follows every kind of association, each in one query', async () => {
    const include = {
      badge: { fields: ['colour'] },
      boss: { fields: ['code'] },
      reports: { fields: ['code'], sort: [{ field: 'code', descending: true }], limit: 1 },
      teams: { fields: ['name'], sort: [{ field: 'name' }, { field: 'id' }], limit: 1 },
      leads: { fields: ['name'] },
      notes: { fields: ['text'] },
    }
    const { rows } = await expectQueries(opened.sequelize, 7, () => find(undefined, { fields: ['code'], include }))
    expect(rows).toEqual([
      { code: 'ada', badge: null, boss: null, reports: [{ code: 'cyd' }], teams: [{ name: 'blue' }], leads: [{ name: 'red' }], notes: [{ text: 'right' }] },
      { code: 'ben', badge: { colour: 'gold' }, boss: { code: 'ada' }, reports: [], teams: [{ name: 'blue' }], leads: [{ name: 'blue' }], notes: [] },
      { code: 'cyd', badge: null, boss: { code: 'ada' }, reports: [], teams: [], leads: [], notes: [] },
    ])
  })

  it('asks one count, one list and one query for each relation, however many rows there are', async () => {
    const ask = (): Promise<Page> =>
      people.find({
        sort: byCode,
        page: { limit: 2, offset: 0 },
        count: 'exact',
        select: { include: { teams: { sort: [{ field: 'id' }], limit: 2 }, boss: {} } },
      })
    await expectQueries(opened.sequelize, 4, ask)
    await expectQueries(opened.sequelize, 1, () => people.get({ key: { code: 'ada' } }))
    await expect(expectQueries(opened.sequelize, 3, ask)).rejects.toThrow(/Expected 3 queries, saw 4:\n1\. SELECT/)
    await expectQueries(opened.sequelize, { most: 4 }, ask)
  })

  it('asks by every kind of association, and by their absence', async () => {
    const is = (relation: string, field: string, value: string): Where => ({ relation, where: { field, op: 'eq', value } })
    expect(await codes(is('badge', 'colour', 'gold'))).toEqual(['ben'])
    expect(await codes({ not: is('badge', 'colour', 'gold') })).toEqual(['ada', 'cyd'])
    expect(await codes(is('boss', 'code', 'ada'))).toEqual(['ben', 'cyd'])
    expect(await codes(is('reports', 'code', 'cyd'))).toEqual(['ada'])
    expect(await codes({ not: { relation: 'reports', where: { and: [] } } })).toEqual(['ben', 'cyd'])
    expect(await codes(is('teams', 'id', '9007199254740993'))).toEqual(['ada'])
    expect(await codes(is('leads', 'name', 'blue'))).toEqual(['ben'])
    expect(await codes({ not: is('teams', 'name', 'blue') })).toEqual(['cyd'])
    expect(await codes(is('notes', 'text', 'of another kind'))).toEqual([])
    expect(await codes({ relation: 'boss', where: is('teams', 'name', 'red') })).toEqual(['ben', 'cyd'])
  })

  it('updates and removes by conditions on the same table', async () => {
    const boss: Where = { relation: 'boss', where: { field: 'code', op: 'eq', value: 'ada' } }
    expect(await people.update({ key: { code: 'ben' }, where: boss }, { nick: 'n2' }, { check: boss })).toMatchObject({ code: 'ben' })
    expect(await people.update({ key: { code: 'ada' }, where: boss }, { nick: 'n2' })).toBeUndefined()
    await models.Note.create({ id: 77, text: 'x' })
    const notes = modelStore(models.Note)
    expect(await notes.remove({ key: { id: 77 }, where: { not: { field: 'text', op: 'eq', value: 'x' } } })).toBe(false)
    expect(await notes.remove({ key: { id: 77 }, where: { field: 'text', op: 'eq', value: 'x' } })).toBe(true)
  })

  it('tells a key that cannot be one from a row without asking the database', async () => {
    await expectQueries(opened.sequelize, 0, async () => {
      expect(await badges.get({ key: { id: "x' OR '1'='1" } })).toBeUndefined()
      expect(await badges.update({ key: { id: '1' } }, { colour: 'x' })).toBeUndefined()
      expect(await badges.remove({ key: { id: '\0' } })).toBe(false)
      expect(await teams.get({ key: { id: '99999999999999999999' } })).toBeUndefined()
      expect(await teams.get({ key: {} })).toBeUndefined()
    })
    expect(await teams.get({ key: { id: '9223372036854775807' } })).toBeUndefined()
  })

  if (!name.startsWith('SQLite'))
    it('pages by times of the database in its own precision', async () => {
      const { sequelize } = opened
      const times = ['2024-01-01 00:00:00.500001', '2024-01-01 00:00:00.500002', '2024-01-01 00:00:00.500999', '2024-01-01 00:00:00.501']
      const zone = sequelize.getDialect() === 'postgres' ? '+00' : ''
      for (const [index, time] of times.entries()) {
        await people.create([{ code: `t${index}`, firstName: 't' }])
        const q = (text: string): string => (sequelize.getQueryInterface().queryGenerator as { quoteIdentifier(name: string): string }).quoteIdentifier(text)
        await sequelize.query(`UPDATE ${q('people')} SET ${q('seen')} = '${time}${zone}' WHERE ${q('code')} = 't${index}'`)
      }
      const where: Where = { field: 'firstName', op: 'eq', value: 't' }
      const sort = [{ field: 'seen' }, { field: 'code' }]
      const edges: unknown[] = []
      const seen: unknown[] = []
      let after: Page['last']
      for (let more = true; more; ) {
        const page = await people.find({ where, sort, page: { limit: 1, after }, count: 'none' })
        seen.push(...page.rows.map(({ code }) => code))
        edges.push(page.last?.[0])
        after = page.last
        more = page.more
      }
      expect(seen).toEqual(['t0', 't1', 't2', 't3'])
      expect(edges).toEqual(['2024-01-01T00:00:00.500001Z', '2024-01-01T00:00:00.500002Z', '2024-01-01T00:00:00.500999Z', '2024-01-01T00:00:00.501Z'])
      const at = (op: 'eq' | 'gte' | 'lt', value: string): Promise<unknown[]> => codes({ and: [where, { field: 'seen', op, value }] })
      expect(await at('eq', '2024-01-01T00:00:00.500002Z')).toEqual(['t1'])
      expect(await at('eq', '2024-01-01T00:00:00.5000020Z')).toEqual(['t1'])
      expect(await at('eq', '2024-01-01T00:00:00.5000021Z')).toEqual([])
      expect(await at('gte', '2024-01-01T00:00:00.5000021Z')).toEqual(['t2', 't3'])
      expect(await at('lt', '2024-01-01T00:00:00.5000021Z')).toEqual(['t0', 't1'])
    })

  if (name.startsWith('SQLite'))
    it('compares times that are finer than those it holds', async () => {
      const at = (op: 'eq' | 'gte' | 'lt' | 'ne', value: string): Promise<unknown[]> =>
        codes({
          and: [
            { field: 'seen', op: 'null', value: false },
            { field: 'seen', op, value },
          ],
        })
      expect(await at('eq', '2024-01-01T00:00:00.500Z')).toEqual(['ada'])
      expect(await at('eq', '2024-01-01T00:00:00.5001Z')).toEqual([])
      expect(await at('ne', '2024-01-01T00:00:00.5001Z')).toEqual(['ada'])
      expect(await at('gte', '2024-01-01T00:00:00.5001Z')).toEqual([])
      expect(await at('lt', '2024-01-01T00:00:00.5001Z')).toEqual(['ada'])
    })

  it('runs the hooks of reading: conditions may be added, instances changed', async () => {
    const { Person } = models
    Person.addHook('beforeFind', 'tenant', (options) => {
      ;(options as { where: Record<string, unknown> }).where.firstName = 'Ben'
    })
    Person.addHook('beforeCount', 'tenant', (options) => {
      ;(options as { where: Record<string, unknown> }).where.firstName = 'Ben'
    })
    Person.addHook('afterFind', 'mark', (found) => {
      for (const person of found as unknown as Model[]) person.setDataValue('nick', 'marked')
    })
    try {
      const asked = { sort: byCode, page: { limit: 1, offset: 1 }, count: 'exact' } as const
      expect(await people.find(asked)).toMatchObject({ rows: [], total: { value: 1 } })
      expect(await people.get({ key: { code: 'ada' } })).toBeUndefined()
      expect(await people.get({ key: { code: 'ben' } })).toMatchObject({ nick: 'marked', shout: 'Ben!' })
      const { rows } = await badges.find({
        sort: [{ field: 'id' }],
        page: { limit: 1, offset: 0 },
        count: 'none',
        select: { fields: ['colour'], include: { person: { fields: ['nick'] } } },
      })
      expect(rows).toEqual([{ colour: 'gold', person: { nick: 'marked' } }])
    } finally {
      for (const hook of ['beforeFind', 'beforeCount'] as const) Person.removeHook(hook, 'tenant')
      Person.removeHook('afterFind', 'mark')
    }
  })

  it('runs the hooks of writing around each row', async () => {
    const { Note } = models
    const notes = modelStore(Note)
    const heard: string[] = []
    const hooks = ['beforeCreate', 'afterCreate', 'beforeUpdate', 'afterUpdate', 'beforeDestroy', 'afterDestroy'] as const
    for (const hook of hooks)
      Note.addHook(hook, 'hear', (note: Model) => {
        heard.push(`${hook} ${note.get('text')}`)
        if (hook === 'beforeUpdate') note.set('text', 'from a hook')
      })
    try {
      const [row] = (await notes.create([{ text: 'one' }, { text: 'two' }])) as [Row]
      const key = { id: row.id as number }
      expect(await notes.update({ key }, { text: 'three' })).toMatchObject({ text: 'from a hook' })
      expect(await notes.remove({ key })).toBe(true)
      expect(heard).toEqual([
        'beforeCreate one',
        'afterCreate one',
        'beforeCreate two',
        'afterCreate two',
        'beforeUpdate three',
        'afterUpdate from a hook',
        'beforeDestroy from a hook',
        'afterDestroy from a hook',
      ])
    } finally {
      for (const hook of hooks) Note.removeHook(hook, 'hear')
    }
  })
})

describe('modelStore()', () => {
  it('says what is wrong with its options', async () => {
    const [database] = databases
    const { sequelize, close } = await (database as (typeof databases)[number]).open('spec_options')
    const { Person } = define(sequelize)
    expect(() => modelStore(Person, { only: ['name'] })).toThrow("schemaOf(): Person has no attribute 'name'.")
    expect(() => modelStore(Person, { relations: { friend: modelStore(Person) } })).toThrow("modelStore(): Person has no association 'friend'.")
    const Loose = sequelize.define('Loose', { a: DataTypes.INTEGER }, { timestamps: false })
    Loose.removeAttribute('id')
    expect(() => modelStore(Loose)).toThrow('modelStore(): the model Loose has no primary key.')
    const Joined = Person.scope({ include: 'boss' } as never)
    expect(() => modelStore(Joined)).toThrow(
      "modelStore(): the default scope of Person has an 'include'; leave it out by Person.unscoped(), or say it as a row rule.",
    )
    await close()
  })
})
