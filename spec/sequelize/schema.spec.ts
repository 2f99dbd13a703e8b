// The schema of a model says what the model says, and is closed.
import { DataTypes, Sequelize } from 'sequelize'
import { describe, expect, it } from 'vitest'
import { compile } from '../../lib/schema.js'
import { schemaOf } from '../../lib/sequelize/schema.js'
import { modelStore } from '../../lib/sequelize/store.js'
import { databases } from '../support/databases.js'

const instance = (dialect: 'sqlite' | 'postgres' | 'mariadb'): Sequelize => new Sequelize({ dialect, logging: false })
const define = (attributes: object, options: object = {}, dialect: 'sqlite' | 'postgres' | 'mariadb' = 'sqlite') =>
  instance(dialect).define('Thing', attributes as never, { timestamps: false, ...options })
const memberOf = (attribute: unknown, dialect?: 'sqlite' | 'postgres' | 'mariadb'): unknown =>
  schemaOf(define({ it: attribute }, {}, dialect), { only: ['it'] }).properties.it

describe('schemaOf()', () => {
  it.each<[name: string, type: unknown, member: object]>([
    ['STRING', DataTypes.STRING, { type: ['string', 'null'], maxLength: 255 }],
    ['STRING(20)', DataTypes.STRING(20), { type: ['string', 'null'], maxLength: 20 }],
    ['CHAR(3)', DataTypes.CHAR(3), { type: ['string', 'null'], maxLength: 3 }],
    ['TEXT', DataTypes.TEXT, { type: ['string', 'null'] }],
    ['INTEGER', DataTypes.INTEGER, { type: ['integer', 'null'], minimum: -2147483648, maximum: 2147483647 }],
    ['SMALLINT', DataTypes.SMALLINT, { type: ['integer', 'null'], minimum: -32768, maximum: 32767 }],
    ['BIGINT', DataTypes.BIGINT, { type: ['string', 'null'], format: 'int64', pattern: '^-?\\d{1,19}$' }],
    ['DECIMAL(10,2)', DataTypes.DECIMAL(10, 2), { type: ['string', 'null'], format: 'decimal', pattern: '^-?\\d{1,8}(\\.\\d{1,2})?$' }],
    ['DECIMAL', DataTypes.DECIMAL, { type: ['string', 'null'], format: 'decimal', pattern: '^-?\\d+(\\.\\d+)?$' }],
    ['DOUBLE', DataTypes.DOUBLE, { type: ['number', 'null'] }],
    ['FLOAT', DataTypes.FLOAT, { type: ['number', 'null'] }],
    ['BOOLEAN', DataTypes.BOOLEAN, { type: ['boolean', 'null'] }],
    ['DATE', DataTypes.DATE, { type: ['string', 'null'], format: 'date-time' }],
    ['DATEONLY', DataTypes.DATEONLY, { type: ['string', 'null'], format: 'date' }],
    ['UUID', DataTypes.UUID, { type: ['string', 'null'], format: 'uuid' }],
    ['ENUM', DataTypes.ENUM('a', 'b'), { type: ['string', 'null'], enum: ['a', 'b', null] }],
    ['JSON', DataTypes.JSON, {}],
    ['BLOB', DataTypes.BLOB, { type: ['string', 'null'], contentEncoding: 'base64' }],
  ])('%s', (_, type, member) => {
    expect(memberOf(type)).toEqual(member)
  })

  it('knows the arrays and ranges of each database', () => {
    expect(memberOf(DataTypes.ARRAY(DataTypes.INTEGER), 'postgres')).toMatchObject({ type: ['array', 'null'], items: { type: 'integer' } })
    expect(memberOf(DataTypes.INTEGER.UNSIGNED, 'mariadb')).toMatchObject({ minimum: 0, maximum: 4294967295 })
    expect(memberOf(DataTypes.INET, 'postgres')).toEqual({ type: ['string', 'null'] })
  })

  it('says what may be null, what is needed and what comes by itself', () => {
    const { properties, required } = schemaOf(
      define({
        needed: { type: DataTypes.STRING(5), allowNull: false, comment: 'What it is called.' },
        usual: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: true },
        computed: { type: DataTypes.DATE, allowNull: false, defaultValue: DataTypes.NOW },
        free: { type: DataTypes.STRING(5), defaultValue: 'x' },
      }),
    )
    expect(required).toEqual(['needed'])
    expect(properties).toEqual({
      id: { type: 'integer', minimum: -2147483648, maximum: 2147483647, readOnly: true },
      needed: { type: 'string', maxLength: 5, description: 'What it is called.' },
      usual: { type: 'boolean', default: true },
      computed: { type: 'string', format: 'date-time' },
      free: { type: ['string', 'null'], maxLength: 5, default: 'x' },
    })
  })

  it('reads validators as far as JSON Schema can say them', () => {
    const validated = (validate: object, type: unknown = DataTypes.STRING(50)): unknown => memberOf({ type, allowNull: false, validate })
    expect(validated({ isEmail: true })).toEqual({ type: 'string', maxLength: 50, format: 'email' })
    expect(validated({ isEmail: { msg: 'no' }, len: [3, 20] })).toEqual({ type: 'string', format: 'email', minLength: 3, maxLength: 20 })
    expect(validated({ len: { args: [3, 20], msg: 'no' } })).toMatchObject({ minLength: 3, maxLength: 20 })
    expect(validated({ is: /^[a-z]+$/ })).toMatchObject({ pattern: '^[a-z]+$' })
    expect(validated({ is: ['^[a-z]+$', 'i'] })).not.toHaveProperty('pattern')
    expect(validated({ is: '^a', notEmpty: true })).toMatchObject({ allOf: [{ pattern: '^a' }, { pattern: '\\S' }] })
    expect(validated({ isIn: [['a', 'b']] })).toMatchObject({ enum: ['a', 'b'] })
    expect(validated({ isEmail: false })).not.toHaveProperty('format')
    expect(validated({ min: 1, max: { args: [9], msg: 'no' } }, DataTypes.INTEGER)).toEqual({ type: 'integer', minimum: 1, maximum: 9 })
    expect(validated({ own: () => true })).toEqual({ type: 'string', maxLength: 50 })
  })

  it('leaves to the database what it sets, and to owners what is theirs', () => {
    const sequelize = instance('sqlite')
    const Owner = sequelize.define('Owner', { id: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4, primaryKey: true } })
    const Thing = sequelize.define('Thing', { code: { type: DataTypes.STRING, primaryKey: true } }, { version: true, paranoid: true })
    Thing.belongsTo(Owner, { as: 'owner', foreignKey: 'ownerId' })
    const { properties } = schemaOf(Thing)
    const readOnly = Object.keys(properties).filter((name) => (properties[name] as { readOnly?: boolean }).readOnly)
    expect(Object.keys(properties)).toEqual(['code', 'createdAt', 'updatedAt', 'version', 'ownerId'])
    expect(readOnly).toEqual(['createdAt', 'updatedAt', 'version', 'ownerId'])
    expect(schemaOf(Thing, { writable: ['ownerId'] }).properties.ownerId).toEqual({ type: ['string', 'null'], format: 'uuid' })
    expect(schemaOf(Owner).properties.id).toEqual({ type: 'string', format: 'uuid', readOnly: true })
  })

  it('leaves out what looks like a secret unless it is named', () => {
    const secrets = ['password', 'passwordHash', 'password_digest', 'apiKey', 'api_key', 'accessToken', 'salt', 'clientSecret', 'otp', 'pin', 'privateKey']
    const open = ['name', 'spinning', 'opinion', 'keyboard', 'compass']
    const Thing = define(Object.fromEntries([...secrets, ...open].map((name) => [name, DataTypes.STRING])))
    expect(Object.keys(schemaOf(Thing).properties)).toEqual(['id', ...open])
    expect(Object.keys(schemaOf(Thing, { only: ['name', 'salt'] }).properties)).toEqual(['id', 'salt', 'name'])
    expect(Object.keys(schemaOf(Thing, { exclude: open, reveal: ['pin'] }).properties)).toEqual(['id', 'pin'])
  })

  it('keeps to what the default scope selects', () => {
    const Thing = define({ a: DataTypes.STRING, b: DataTypes.STRING }, { defaultScope: { attributes: { exclude: ['b'] } } })
    expect(Object.keys(schemaOf(Thing).properties)).toEqual(['id', 'a'])
    expect(Object.keys(schemaOf(Thing.scope({ attributes: ['b'] } as never)).properties)).toEqual(['id', 'b'])
  })

  it('says of virtual attributes how they may be used', () => {
    const Thing = define({
      shown: { type: new DataTypes.VIRTUAL(DataTypes.INTEGER), get: () => 1 },
      given: { type: DataTypes.VIRTUAL, set: () => undefined },
      both: { type: DataTypes.VIRTUAL, get: () => 1, set: () => undefined },
      neither: { type: DataTypes.VIRTUAL },
    })
    expect(schemaOf(Thing).properties).toMatchObject({ shown: { type: ['integer', 'null'], readOnly: true }, given: { writeOnly: true }, both: {} })
    expect(schemaOf(Thing).properties).not.toHaveProperty('neither')
  })

  it('makes a schema that can be compiled', () => {
    const check = compile(schemaOf(define({ a: { type: DataTypes.BIGINT, allowNull: false }, b: DataTypes.DECIMAL(4, 2), c: DataTypes.DATE })), 'spec')
    expect(check({ a: '12', b: '1.50', c: '2024-01-01T00:00:00Z' })).not.toHaveProperty('faults')
    expect(check({ a: 12, b: '100.5', c: 'x', d: 1 })).toMatchObject({ faults: [{ pointer: '/a' }, { pointer: '/b' }, { pointer: '/c' }, { pointer: '/d' }] })
  })

  it('refuses types that no JSON stands for', () => {
    expect(() => schemaOf(define({ it: DataTypes.TSVECTOR }, {}, 'postgres'), { only: ['it'] })).toThrow(
      "schemaOf(): 'it' of Thing has the type TSVECTOR, which has no JSON Schema.",
    )
    expect(Object.keys(schemaOf(define({ it: DataTypes.TSVECTOR }, {}, 'postgres')).properties)).toEqual(['id'])
  })
})

describe.each(databases)('types in $name', ({ name, open }) => {
  it('come back as they went in', async () => {
    const { sequelize, close } = await open('spec_types')
    const isPostgres = name === 'PostgreSQL'
    const Thing = sequelize.define(
      'Thing',
      {
        text: DataTypes.TEXT,
        char: DataTypes.CHAR(2),
        small: DataTypes.SMALLINT,
        real: DataTypes.REAL,
        float: DataTypes.FLOAT,
        big: DataTypes.BIGINT,
        money: DataTypes.DECIMAL(20, 4),
        time: DataTypes.TIME,
        json: DataTypes.JSON,
        ...(isPostgres && {
          jsonb: DataTypes.JSONB,
          words: DataTypes.ARRAY(DataTypes.TEXT),
          bigs: DataTypes.ARRAY(DataTypes.BIGINT),
          address: DataTypes.INET,
          citext: DataTypes.STRING(10),
        }),
      },
      { timestamps: false },
    )
    await sequelize.sync()
    const things = modelStore(Thing)
    const row = {
      text: 'line\nline \\ \' " % _ $1 :a ?',
      char: 'ab',
      small: -32768,
      real: 1.5,
      float: 0.1,
      big: '-9223372036854775808',
      money: name.startsWith('SQLite') ? '123456.7891' : '1234567890123456.7891',
      time: '23:59:58',
      json: { a: [1, null, 'x'], b: { c: true } },
      ...(isPostgres && { jsonb: [{ a: 1 }], words: ['a', 'b,c', '"'], bigs: ['9007199254740993'], address: '10.0.0.1', citext: 'x' }),
    }
    const [created] = await things.create([row])
    expect(created).toEqual({ id: 1, ...row })
    expect(await things.get({ key: { id: 1 } })).toEqual({ id: 1, ...row })
    for (const field of ['text', 'small', 'real', 'float', 'big', 'money', 'time', ...(isPostgres ? ['address'] : [])] as const) {
      const value = row[field as 'text']
      const sort = [{ field }, { field: 'id' }]
      const asked = { sort, page: { limit: 9, after: [value, 0] }, count: 'none' } as const
      expect((await things.find({ ...asked, where: { field, op: 'eq', value } })).rows, field).toHaveLength(1)
      expect((await things.find({ ...asked, page: { limit: 9, after: [value, 1] } })).rows, field).toHaveLength(0)
    }
    await close()
  })
})
