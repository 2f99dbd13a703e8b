// Many at once: of writers that name one version a single one wins, and the databases bear it.
import { DataTypes, type Model, type ModelStatic } from 'sequelize'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelStore } from '../../lib/sequelize/store.js'
import type { Row, Store } from '../../lib/store.js'
import { databases, type Opened } from '../support/databases.js'

describe.each(databases)('one hundred writers on $name', ({ open }) => {
  let opened: Opened
  let Versioned: ModelStatic<Model>
  let Hooked: ModelStatic<Model>
  let Plain: ModelStatic<Model>
  beforeAll(async () => {
    opened = await open('spec_race')
    const { sequelize } = opened
    const attributes = { text: { type: DataTypes.STRING } }
    Versioned = sequelize.define('Versioned', attributes, { version: true })
    Hooked = sequelize.define('Hooked', attributes, { version: true, hooks: { beforeSave: () => undefined } })
    Plain = sequelize.define('Plain', attributes, { timestamps: false })
    await sequelize.sync()
  })
  afterAll(() => opened?.close())

  const race = async (writer: (index: number) => Promise<Row | undefined>): Promise<number> => {
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => writer(index)))
    return results.filter((row) => row !== undefined).length
  }
  const start = async (store: Store): Promise<Row> => (await store.create([{ text: 'start' }]))[0] as Row

  it.each([
    ['by a version in the statement', () => Versioned],
    ['by a version, with hooks around each', () => Hooked],
  ])('%s, one of which wins', async (_, model) => {
    const store = modelStore(model())
    const { id, version } = await start(store)
    const target = { key: { id: id as number }, where: { field: 'version', op: 'in', value: [version as number] } } as const
    const began = Date.now()
    expect(await race((index) => store.update(target, { text: `writer ${index}` }))).toBe(1)
    expect(Date.now() - began).toBeLessThan(5000)
  })

  it('that write the same, one of which wins all the same', async () => {
    const store = modelStore(Hooked)
    const { id, version } = await start(store)
    const target = { key: { id: id as number }, where: { field: 'version', op: 'eq', value: version as number } } as const
    expect(await race(() => store.update(target, { text: 'start' }))).toBe(1)
  })

  it('by what the row holds, read under a lock', async () => {
    const store = modelStore(Plain)
    const { id } = await start(store)
    const key = { id: id as number }
    const began = Date.now()
    const winners = await race((index) =>
      store.transaction(async (options) => {
        const row = await store.get({ key }, undefined, { ...options, lock: true })
        return row?.text === 'start' ? store.update({ key }, { text: `writer ${index}` }, options) : undefined
      }),
    )
    expect(winners).toBe(1)
    expect(Date.now() - began).toBeLessThan(5000)
  })

  it('of which none is told to come back later', async () => {
    const store = modelStore(Plain)
    await Promise.all(Array.from({ length: 100 }, (_, index) => store.create([{ text: `a ${index}` }, { text: `b ${index}` }])))
    const { total } = await store.find({
      sort: [{ field: 'id' }],
      page: { limit: 1, offset: 0 },
      count: 'exact',
      where: { field: 'text', op: 'ne', value: 'start' },
    })
    expect(total?.value).toBeGreaterThanOrEqual(200)
  })
})
