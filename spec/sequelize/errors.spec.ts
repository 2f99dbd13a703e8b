// What a database refuses is told as a problem, the same on all of them: 4xx for what the client did, 503 for what passes, and never a text of SQL.
import { ConnectionAcquireTimeoutError, ConnectionRefusedError, DatabaseError, DataTypes, type Model, type ModelStatic, OptimisticLockError } from 'sequelize'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Problem } from '../../lib/problem.js'
import { problemFrom } from '../../lib/sequelize/errors.js'
import { modelStore } from '../../lib/sequelize/store.js'
import type { Row, Store } from '../../lib/store.js'
import { databases, type Opened } from '../support/databases.js'

describe.each(databases)('errors of $name', ({ name, open }) => {
  let opened: Opened
  let Thing: ModelStatic<Model>
  let things: Store
  let owners: Store
  beforeAll(async () => {
    opened = await open('spec_errors')
    const { sequelize } = opened
    const Owner = sequelize.define('Owner', { name: DataTypes.STRING(20) }, { timestamps: false })
    Thing = sequelize.define(
      'Thing',
      {
        name: { type: DataTypes.STRING(5), allowNull: false, field: 'the_name' },
        code: { type: DataTypes.STRING(5), unique: true },
        left: DataTypes.INTEGER,
        right: DataTypes.INTEGER,
        size: { type: DataTypes.ENUM('small', 'large'), defaultValue: 'small' },
        amount: DataTypes.DECIMAL(4, 2),
        day: DataTypes.DATEONLY,
        mail: { type: DataTypes.STRING(50), validate: { isEmail: { msg: 'must be an address' } } },
      },
      {
        timestamps: false,
        indexes: [{ unique: true, fields: ['left', 'right'], name: 'things_sides' }],
        validate: {
          sidesDiffer(this: { left: unknown; right: unknown }) {
            if (this.left !== null && this.left !== undefined && this.left === this.right) throw new Error('Left and right must differ.')
          },
        },
      },
    )
    Thing.belongsTo(Owner, { as: 'owner', foreignKey: 'ownerId', onDelete: 'RESTRICT' })
    await sequelize.sync()
    const generator = sequelize.getQueryInterface().queryGenerator as { quoteIdentifier(name: string): string }
    if (!name.startsWith('SQLite'))
      await sequelize.query(
        `ALTER TABLE ${generator.quoteIdentifier('Things')} ADD CONSTRAINT amount_range CHECK (${generator.quoteIdentifier('amount')} >= 0)`,
      )
    things = modelStore(Thing)
    owners = modelStore(Owner)
  })
  afterAll(() => opened?.close())

  const refused = async (row: Row, how: 'create' | 'update' = 'create'): Promise<{ status: number; errors: unknown }> => {
    const work = async (): Promise<unknown> => {
      if (how === 'create') return things.create([{ name: 'x', ...row }])
      const [first] = (await things.create([{ name: 'old' }])) as [Row]
      return things.update({ key: { id: first.id as number } }, row)
    }
    const error = await work().then(
      () => undefined,
      (thrown) => thrown,
    )
    expect(error).toBeInstanceOf(Problem)
    expect(JSON.stringify(error)).not.toMatch(/INSERT|UPDATE|SELECT|Things|the_name|things_sides/)
    return { status: error.status, errors: error.members.errors }
  }

  it.each(['create', 'update'] as const)('unique: 409 with the fields (%s)', async (how) => {
    await things.create([{ name: 'a', code: `u${how[0]}`, left: how.length * 10, right: how.charCodeAt(0) }])
    const place = how === 'create' ? '/0' : ''
    expect(await refused({ code: `u${how[0]}` }, how)).toMatchObject({ status: 409, errors: [{ pointer: `${place}/code`, code: 'unique' }] })
    expect(await refused({ left: how.length * 10, right: how.charCodeAt(0) }, how)).toMatchObject({
      status: 409,
      errors: [{ pointer: `${place}/left` }, { pointer: `${place}/right` }],
    })
  })

  it('a key that is taken: 409', async () => {
    const [row] = (await things.create([{ name: 'a' }])) as [Row]
    expect(await refused({ id: row.id })).toMatchObject({ status: 409, errors: [{ pointer: '/0/id' }] })
  })

  it('a foreign key that leads nowhere: 409; a row that is needed: 409', async () => {
    expect(await refused({ ownerId: 4711 })).toMatchObject({ status: 409, errors: [{ pointer: '/0/ownerId', code: 'reference' }] })
    expect(await refused({ ownerId: 4711 }, 'update')).toMatchObject({ status: 409, errors: [{ pointer: '/ownerId' }] })
    const [owner] = (await owners.create([{ name: 'o' }])) as [Row]
    await things.create([{ name: 'x', ownerId: owner.id }])
    await expect(owners.remove({ key: { id: owner.id as number } })).rejects.toMatchObject({ status: 409, detail: 'Other rows need this one.' })
  })

  it('null where there must be a value: 400', async () => {
    expect(await refused({ name: null })).toMatchObject({ status: 400, errors: [{ pointer: '/0/name', code: 'required' }] })
    expect(await refused({ name: null }, 'update')).toMatchObject({ status: 400, errors: [{ pointer: '/name', code: 'required' }] })
  })

  it('what a validator refuses: 400 with its message', async () => {
    expect(await refused({ mail: 'no' })).toMatchObject({ status: 400, errors: [{ pointer: '/0/mail', code: 'isEmail', detail: 'must be an address' }] })
    expect(await refused({ left: 1, right: 1 })).toMatchObject({ status: 400, errors: [{ pointer: '/0', detail: 'Left and right must differ.' }] })
    const [row] = (await things.create([{ name: 'a', left: 8 }])) as [Row]
    await expect(things.update({ key: { id: row.id as number } }, { right: 8 })).rejects.toMatchObject({ status: 400, members: { errors: [{ pointer: '' }] } })
  })

  if (!name.startsWith('SQLite'))
    it('values that do not fit: 400 with the field', async () => {
      expect(await refused({ name: 'too long' })).toMatchObject({ status: 400, errors: [{ pointer: '/0/name' }] })
      expect(await refused({ left: 3_000_000_000 })).toMatchObject({ status: 400, errors: [{ pointer: '/0/left' }] })
      expect(await refused({ left: 3_000_000_000 }, 'update')).toMatchObject({ status: 400, errors: [{ pointer: '/left' }] })
      expect(await refused({ amount: '123.45' })).toMatchObject({ status: 400, errors: [{ pointer: '/0/amount' }] })
      expect(await refused({ amount: '-1' })).toMatchObject({ status: 400, errors: [{ pointer: '/0/amount', code: 'check' }] })
      expect(await refused({ size: 'huge' })).toMatchObject({ status: 400, errors: [{ pointer: '/0/size' }] })
      // Moment says what it thinks of such a day.
      vi.spyOn(console, 'warn').mockImplementation(() => undefined)
      expect(await refused({ day: '2024-02-31' })).toMatchObject({ status: 400, errors: [{ pointer: '/0/day' }] })
    })

  it('texts that the database has no bytes for are refused or kept, and never a 500', async () => {
    for (const text of ['a\0b', '\ud800']) {
      const outcome = await things.create([{ name: text }]).then(
        ([row]) => row?.name,
        (error) => error,
      )
      if (typeof outcome !== 'string') expect(outcome).toMatchObject({ status: 400 })
    }
  })
})

describe('problemFrom()', () => {
  const about = { model: { rawAttributes: {}, primaryKeys: {}, uniqueKeys: {}, _indexes: [] } as never, schema: { type: 'object', properties: {} } as const }
  const database = (parts: object) => new DatabaseError(Object.assign(new Error('SELECT secret'), { sql: 'SELECT secret' }, parts) as never)

  it.each([
    ['a deadlock', { code: '40P01' }],
    ['a serialization failure', { code: '40001' }],
    ['a server that stops', { code: '57P01' }],
    ['too many connections', { code: '53300' }],
    ['a deadlock of MariaDB', { errno: 1213 }],
    ['a lock that took too long', { errno: 1205 }],
    ['a line that broke', { code: 'ECONNRESET' }],
    ['a line that broke, of MariaDB', { errno: 45_009, fatal: true }],
    ['a locked file', { code: 'SQLITE_BUSY' }],
  ])('%s: 503, come back later', (_, parts) => {
    expect(problemFrom(database(parts), about)).toMatchObject({ status: 503, headers: { 'Retry-After': 1 } })
  })

  it('no connection, none in time: 503', () => {
    expect(problemFrom(new ConnectionRefusedError(new Error('x')), about)).toMatchObject({ status: 503, headers: { 'Retry-After': 1 } })
    expect(problemFrom(new ConnectionAcquireTimeoutError(new Error('x')), about)).toMatchObject({ status: 503 })
  })

  it('a lost race of Sequelize’s own: 409', () => {
    expect(problemFrom(new OptimisticLockError({ modelName: 'Thing' }), about)).toMatchObject({ status: 409 })
  })

  it('leaves bugs alone', () => {
    expect(problemFrom(database({ code: '42601' }), about)).toBeUndefined()
    expect(problemFrom(database({ errno: 1064 }), about)).toBeUndefined()
    expect(problemFrom(new RangeError('x'), about)).toBeUndefined()
  })
})
