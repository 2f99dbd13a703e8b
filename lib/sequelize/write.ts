// Write: rows into a table. Each write is one statement that holds its own condition, or a transaction around a locked row where hooks want to see it.
import { literal, type Model, Transaction } from 'sequelize'
import { forbidden } from '../problem.js'
import type { Key, Row, StoreOptions, WriteOptions } from '../store.js'
import type { ObjectSchema, Scalar } from '../value.js'
import { allOf, type Where } from '../where.js'
import { conditionOf } from './condition.js'
import { attempt } from './errors.js'
import { deliver, hasHook, type Raw, readRows, rowOf, show } from './read.js'
import { factsOf } from './schema.js'
import { asWhere, type Source, type Table } from './table.js'
import { inTurn } from './turn.js'

/** A table that is written to. */
export interface Writable extends Source {
  readonly key: readonly string[]
  readonly schema: ObjectSchema
  readonly version: string | undefined
}

/** Begins a transaction, at the end of the line where the database has one writer only. */
export function begin<T>({ sequelize, dialect }: Table, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  // A transaction of SQLite that reads first cannot always write later.
  const options = dialect === 'sqlite' ? { type: Transaction.TYPES.IMMEDIATE } : {}
  return inTurn(sequelize, () => sequelize.transaction(options, work))
}

type Inside = StoreOptions & { readonly transaction: Transaction | undefined }

/** Several statements: within the transaction at hand, or one of their own. */
function together<T>(table: Table, options: StoreOptions, work: (inside: Inside) => Promise<T>): Promise<T> {
  const { transaction, signal } = options
  signal?.throwIfAborted()
  return transaction ? work(options as Inside) : begin(table, (own) => work({ signal, transaction: own }))
}

/** One statement, which needs no transaction. */
function alone<T>(table: Table, options: StoreOptions, work: (inside: Inside) => Promise<T>): Promise<T> {
  const { transaction, signal } = options
  signal?.throwIfAborted()
  return transaction ? work(options as Inside) : inTurn(table.sequelize, () => work({ signal, transaction: undefined }))
}

/** Adds rows one by one, so that each has its hooks, and that an error knows its row. */
export function createRows(source: Writable, rows: readonly Row[], options: WriteOptions): Promise<Row[]> {
  const { table } = source
  const given = table.givesBack && !options.check
  return (given && rows.length === 1 ? alone : together)(table, options, async (inside) => {
    const instances: Model[] = []
    for (const row of rows) {
      inside.signal?.throwIfAborted()
      const instance = table.model.build(valuesOf(table, row) as never)
      const about = { model: table.model, schema: source.schema, row, place: `/${instances.length}` }
      await attempt(about, () => instance.save({ transaction: inside.transaction as Transaction }))
      instances.push(instance)
    }
    if (given) return written(source, instances)
    return reread(
      source,
      instances.map((instance) => keyOf(source, instance)),
      { ...inside, check: options.check },
    )
  })
}

/** Changes the one row for which the condition holds. @param where SQL, the key in it */
export function updateRow(source: Writable, key: Key, where: string, changes: Row, options: WriteOptions): Promise<Row | undefined> {
  const { table } = source
  const values = valuesOf(table, changes)
  const { check } = options
  if (wantsInstance(table, 'beforeUpdate', 'afterUpdate', 'beforeValidate', 'afterValidate', 'validationFailed'))
    return together(table, options, (inside) => saveRow(source, where, values, { ...inside, check }))
  return (table.givesBack && !check ? alone : together)(table, options, (inside) => setRow(source, key, where, values, { ...inside, check }))
}

/** Takes away the one row for which the condition holds. */
export function removeRow({ table }: Writable, where: string, options: StoreOptions): Promise<boolean> {
  // Sequelize's own cascades go by instances.
  const cascades = Object.values(table.model.associations).some((association) => (association as unknown as { options?: { hooks?: boolean } }).options?.hooks)
  if (!cascades && !hasHook(table.model, 'beforeDestroy', 'afterDestroy'))
    return alone(table, options, async ({ transaction }) => (await table.model.destroy({ where: asWhere(where), transaction: transaction as Transaction })) > 0)
  return together(table, options, async (inside) => {
    const instance = await lock(table, where, inside)
    await instance?.destroy({ transaction: inside.transaction as Transaction })
    return instance !== undefined
  })
}

const wantsInstance = ({ model }: Table, ...hooks: readonly string[]): boolean =>
  hasHook(model, ...hooks) || Object.keys((model.options as { validate?: object }).validate ?? {}).length > 0

// Of two that name the same version, the second finds none: the condition is part of the statement.
async function setRow(source: Writable, key: Key, where: string, values: Row, options: WriteOptions & Inside): Promise<Row | undefined> {
  const { table, version } = source
  const { transaction, check } = options
  const changes = version === undefined ? values : { ...values, [version]: literal(`${table.column(version).sql} + 1`) }
  const returning = table.givesBack && !check
  const nothing = Object.keys(changes).length === 0
  const [count, instances] = nothing
    ? [0]
    : ((await table.model.update(
        changes as never,
        { where: asWhere(where), transaction: transaction as Transaction, returning, paranoid: false } as never,
      )) as [number, Model[]?])
  if (returning && !nothing) return instances && written(source, instances)[0]
  // MariaDB does not count a row whose values were the same before.
  if (count === 0 && ((table.dialect !== 'mariadb' && !nothing) || (await readRows(source, { fields: source.key }, { where }, options)).length === 0))
    return undefined
  const moved = Object.entries(values).filter(([name]) => source.key.includes(name)) as [string, Scalar][]
  return (await reread(source, [{ ...key, ...Object.fromEntries(moved) }], { ...options, check }))[0]
}

// Hooks and rules for the whole row are shown the whole row, which nobody changes meanwhile.
async function saveRow(source: Writable, where: string, values: Row, options: WriteOptions & Inside): Promise<Row | undefined> {
  const instance = await lock(source.table, where, options)
  if (!instance) return undefined
  instance.set(values as never)
  // The version counts every write, also one that leaves all as it was.
  if (source.version !== undefined) instance.changed(source.version as never, true)
  await instance.save({ transaction: options.transaction as Transaction })
  return (await reread(source, [keyOf(source, instance)], options))[0]
}

async function lock(table: Table, where: string, { transaction, signal }: Inside): Promise<Model | undefined> {
  const fields = [...table.columns].map(({ name }) => name)
  const source = { table, fields, shows: new Map(), link: () => undefined as never }
  const [raw] = await readRows(source, {}, { where }, { transaction, signal, lock: true })
  return raw && table.model.build(raw as never, { isNewRecord: false, raw: true })
}

// As they are now, wherever the default scope ends. What the check does not hold for is not written after all: the transaction is rolled back.
async function reread(source: Writable, keys: readonly Key[], { check, ...options }: WriteOptions): Promise<Row[]> {
  const [only] = source.key as readonly [string]
  const those: Where =
    source.key.length === 1
      ? { field: only, op: 'in', value: keys.map((key) => key[only] as Scalar) }
      : { or: keys.map((key) => ({ and: source.key.map((field): Where => ({ field, op: 'eq', value: key[field] as Scalar })) })) }
  const raws = await readRows(source, { fields: [...source.fields, ...source.key] }, { where: conditionOf(allOf(those, check), source) }, options)
  if (check && raws.length < keys.length) throw forbidden('The row would be out of your reach.')
  const rows = await deliver(source, raws, {}, options)
  const idOf = (row: Raw | Key): string => JSON.stringify(source.key.map((name) => String(row[name])))
  const places = new Map(raws.map((raw, index) => [idOf(raw), rows[index] as Row]))
  return keys.map((key) => places.get(idOf(key)) as Row)
}

const written = (source: Writable, instances: readonly Model[]): Row[] =>
  show(
    source,
    instances.map((instance) => rowOf(instance, source.fields)),
  )

const keyOf = ({ key }: Writable, instance: Model): Key =>
  Object.fromEntries(
    key.map((name) => {
      const value: unknown = instance.getDataValue(name as never)
      return [name, (typeof value === 'bigint' ? String(value) : value) as Scalar]
    }),
  )

// What Sequelize takes; whatever is no attribute stays out.
function valuesOf({ model }: Table, row: Row): Row {
  const { rawAttributes } = factsOf(model)
  const values: Row = {}
  for (const [name, value] of Object.entries(row)) {
    const key = rawAttributes[name]?.type.key
    if (key !== undefined) values[name] = key === 'BLOB' && typeof value === 'string' ? Buffer.from(value, 'base64') : value
  }
  return values
}
