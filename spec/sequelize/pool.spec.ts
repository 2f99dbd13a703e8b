// A database that is busy or gone is a 503 that says when to come back, in good time; and no connection is lost over it.
import { DataTypes, type Sequelize } from 'sequelize'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem } from '../../lib/problem.js'
import { modelStore } from '../../lib/sequelize/store.js'
import type { Store } from '../../lib/store.js'
import { databases, type Opened } from '../support/databases.js'

const acquire = 400

describe.each(databases)('a pool of two connections to $name', ({ name, open }) => {
  let opened: Opened
  let store: Store
  beforeAll(async () => {
    opened = await open('spec_pool', { pool: { max: 2, acquire } })
    const Thing = opened.sequelize.define('Thing', { text: DataTypes.STRING }, { timestamps: false })
    await opened.sequelize.sync()
    store = modelStore(Thing)
    await store.create([{ text: 'a' }])
  })
  afterAll(() => opened?.close())

  const list = (): Promise<unknown> => store.find({ sort: [{ field: 'id' }], page: { limit: 1, offset: 0 }, count: 'none' })
  const hold = (milliseconds: number): Promise<void> => store.transaction(() => new Promise((resolve) => setTimeout(resolve, milliseconds)))
  const using = (sequelize: Sequelize): number => (sequelize as unknown as { connectionManager: { pool: { using: number } } }).connectionManager.pool.using

  it('answers all who wait in time, and frees its connections', async () => {
    const held = [hold(1000), ...(name.startsWith('SQLite') ? [] : [hold(1000)])]
    await new Promise((resolve) => setTimeout(resolve, 50))
    const began = Date.now()
    const waiting = Array.from({ length: 50 }, () =>
      store.create([{ text: 'b' }]).then(
        () => 'done',
        (error) => error,
      ),
    )
    const answers = await Promise.all(waiting)
    expect(Date.now() - began).toBeLessThan(acquire + 300)
    for (const answer of answers) {
      expect(answer).toBeInstanceOf(Problem)
      expect(answer).toMatchObject({ status: 503, headers: { 'Retry-After': 1 } })
    }
    await Promise.all(held)
    await list()
    await store.create([{ text: 'c' }])
    if (!name.startsWith('SQLite')) expect(using(opened.sequelize)).toBe(0)
  })

  it('gives a transaction back that fails or is left', async () => {
    for (let round = 0; round < 5; round++) {
      await expect(store.transaction(() => Promise.reject(new RangeError('x')))).rejects.toThrow(RangeError)
      const leaving = new AbortController()
      const left = store.transaction(async (options) => {
        leaving.abort()
        return store.get({ key: { id: 1 } }, undefined, { ...options, signal: leaving.signal })
      })
      await expect(left).rejects.toThrow('aborted')
    }
    await list()
    if (!name.startsWith('SQLite')) expect(using(opened.sequelize)).toBe(0)
  })

  if (!name.startsWith('SQLite'))
    it('bears connections that the server cuts', async () => {
      const outside = opened.another()
      const cut = async (): Promise<void> => {
        if (name === 'PostgreSQL')
          await outside.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()')
        else {
          const rows = (await outside.query("SELECT id FROM information_schema.processlist WHERE db = 'spec_pool' AND id <> connection_id()", {
            type: 'SELECT' as never,
          })) as unknown as { id: bigint }[]
          for (const { id } of rows) await outside.query(`KILL CONNECTION ${id}`)
        }
      }
      const during = store.transaction(async (options) => {
        await store.create([{ text: 'lost' }], options)
        await cut()
        await new Promise((resolve) => setTimeout(resolve, 50))
        await store.create([{ text: 'lost too' }], options)
      })
      await expect(during).rejects.toMatchObject({ status: 503 })
      const { rows } = await store.find({
        where: { field: 'text', op: 'startsWith', value: 'lost' },
        sort: [{ field: 'id' }],
        page: { limit: 9, offset: 0 },
        count: 'none',
      })
      expect(rows).toEqual([])
      await outside.close()
    })
})
