// Read: rows out of a table, and related rows into them. One statement for the rows, one more for each relation, however many rows there are.
import type { Model } from 'sequelize'
import type { Include, Row, Selection, StoreOptions } from '../store.js'
import type { Scalar } from '../value.js'
import type { Edge, Sort } from '../where.js'
import type { Column } from './column.js'
import { conditionOf, orderOf } from './condition.js'
import { readBySequelize, readDirect } from './direct.js'
import { factsOf } from './schema.js'
import { allSql, asWhere, type Link, type Source, type Table } from './table.js'
import { readInTurn } from './turn.js'

/** A row as it came out of the database, with all that was needed beside the fields asked for. */
export type Raw = Record<string, unknown>

/** Which rows, in SQL. */
export interface Statement {
  readonly where: string | undefined
  readonly sort?: readonly Sort[]
  readonly limit?: number
  readonly offset?: number
}

/** Runs a statement that gives rows. Aborts where nobody waits any longer. */
export async function query(table: Table, sql: string, { transaction, signal }: StoreOptions): Promise<Raw[]> {
  signal?.throwIfAborted()
  const { sequelize } = table
  return transaction ? readBySequelize(sequelize, sql, transaction) : readInTurn(sequelize, () => readDirect(sequelize, sql))
}

/** Rows with the columns that a selection and a sort need. */
export async function readRows(source: Source, select: Selection, statement: Statement, options: StoreOptions): Promise<Raw[]> {
  const { table } = source
  const names = namesFor(source, select, statement.sort)
  const { where, sort = [], limit, offset } = await hooked(table, names, statement, options)
  const columns = [...names].map((name) => table.column(name))
  const micros = sort.flatMap(({ field }) => table.column(field)).filter(({ micros }) => micros !== undefined)
  const parts = [
    ...columns.map((column) => named(table, column.select, column.name)),
    ...micros.map(({ name, micros }) => named(table, micros as string, `micros ${name}`)),
  ]
  const order = orderOf(sort, (field) => table.column(field))
  const tail = [where && `WHERE ${where}`, order && `ORDER BY ${order}`, limit !== undefined && `LIMIT ${limit}`, offset && `OFFSET ${offset}`]
  const lock = options.lock && options.transaction && table.dialect !== 'sqlite' ? 'FOR UPDATE' : ''
  const rows = await query(table, [`SELECT ${parts.join(', ')} FROM ${table.sql}`, ...tail, lock].filter(Boolean).join(' '), options)
  return readValues(rows, columns)
}

/** How many rows there are. */
export async function countRows(table: Table, where: string | undefined, options: StoreOptions): Promise<number> {
  const condition = table.model.hasHook('beforeCount') ? await conditionAfter('beforeCount', table, { where: asWhere(where) }) : where
  const [row] = await query(table, `SELECT count(*) AS total FROM ${table.sql}${condition ? ` WHERE ${condition}` : ''}`, options)
  return Number(row?.total)
}

/** Raw rows as they were asked for: instances where getters, virtual attributes or hooks want them, and related rows put in. */
export async function deliver(
  source: Source,
  raws: readonly Raw[],
  { fields = source.fields, include = {} }: Selection,
  options: StoreOptions,
): Promise<Row[]> {
  const { table } = source
  const rows = needsInstances(table, fields) ? await instancesOf(table, raws, fields, options) : raws.map((raw) => pick(raw, fields))
  for (const [name, wanted] of Object.entries(include)) {
    const link = source.link(name)
    const found = await readRelated(link, raws, wanted, options)
    rows.forEach((row, index) => {
      const related = found.get(String(raws[index]?.[link.from.name])) ?? []
      row[name] = link.many ? related : (related[0] ?? null)
    })
  }
  return show(source, rows)
}

/** Where a row stands, with all the digits of a second that the database holds. */
export function edgeOf(raw: Raw, sort: readonly Sort[]): Edge {
  return sort.map(({ field }) => {
    const value = raw[field] ?? null
    if (!(value instanceof Date)) return value as Scalar | null
    const finer = String(Number(raw[`micros ${field}`] ?? 0) % 1000)
      .padStart(3, '0')
      .replace(/0+$/, '')
    return value.toISOString().replace('Z', `${finer}Z`)
  })
}

const named = (table: Table, sql: string, name: string): string => (sql === table.alias(name) ? sql : `${sql} AS ${table.alias(name)}`)

function namesFor(source: Source, { fields = source.fields, include = {} }: Selection, sort: readonly Sort[] = []): Set<string> {
  const { rawAttributes } = factsOf(source.table.model)
  const names = new Set<string>()
  for (const field of fields) {
    const { type } = rawAttributes[field] ?? {}
    if (type?.key !== 'VIRTUAL') names.add(field)
    // A virtual attribute that does not say what it is made of may be made of anything.
    else for (const name of type.fields ?? [...source.table.columns].map(({ name }) => name)) names.add(name)
  }
  for (const { field } of sort) names.add(field)
  for (const name of Object.keys(include)) names.add(source.link(name).from.name)
  return names.size > 0 ? names : new Set(source.table.key)
}

function readValues(rows: Raw[], columns: readonly Column[]): Raw[] {
  for (const { name, read } of columns) {
    if (read) for (const row of rows) if (row[name] !== null) row[name] = read(row[name] as never)
  }
  return rows
}

const pick = (raw: Raw, fields: readonly string[]): Row => {
  const row: Row = {}
  for (const field of fields) row[field] = raw[field]
  return row
}

function needsInstances({ model }: Table, fields: readonly string[]): boolean {
  const { rawAttributes } = factsOf(model)
  return hasHook(model, 'afterFind') || fields.some((field) => rawAttributes[field]?.get !== undefined || rawAttributes[field]?.type.key === 'VIRTUAL')
}

/** Whether the model or all models have such a hook. */
export const hasHook = (model: Table['model'], ...hooks: readonly string[]): boolean =>
  hooks.some((hook) => model.hasHook(hook as never) || model.sequelize?.hasHook(hook as never))

async function instancesOf({ model }: Table, raws: readonly Raw[], fields: readonly string[], { transaction }: StoreOptions): Promise<Row[]> {
  const instances = raws.map((raw) => model.build(raw, { isNewRecord: false, raw: true }))
  await runHooks(model, 'afterFind', instances, { transaction })
  return instances.map((instance) => rowOf(instance, fields))
}

/** The fields of an instance, through its getters. */
export function rowOf(instance: Model, fields: readonly string[]): Row {
  const row: Row = {}
  for (const field of fields) row[field] = instance.get(field) ?? null
  return row
}

/** Puts values into rows as they go out. */
export function show({ shows }: Source, rows: Row[]): Row[] {
  for (const [field, shown] of shows) for (const row of rows) if (row[field] !== undefined && row[field] !== null) row[field] = shown(row[field])
  return rows
}

type Hooked = { runHooks(name: string, ...args: readonly unknown[]): Promise<void> }

const runHooks = (model: unknown, name: string, ...args: readonly unknown[]): Promise<void> => (model as Hooked).runHooks(name, ...args)

const findHooks = ['beforeFind', 'beforeFindAfterExpandIncludeAll', 'beforeFindAfterOptions']

// Hooks may add conditions: that is how some applications keep tenants apart.
async function hooked(table: Table, names: ReadonlySet<string>, statement: Statement, { transaction }: StoreOptions): Promise<Statement> {
  if (!hasHook(table.model, ...findHooks)) return statement
  const options = { where: asWhere(statement.where), attributes: [...names], limit: statement.limit, offset: statement.offset, transaction, raw: true }
  let where: string | undefined
  for (const hook of findHooks) where = await conditionAfter(hook, table, options)
  return { ...statement, where }
}

async function conditionAfter(hook: string, table: Table, options: { where: object; include?: unknown }): Promise<string | undefined> {
  await runHooks(table.model, hook, options)
  if (options.include) throw new TypeError(`A ${hook} hook of ${table.model.name} adds an 'include'; here it may change 'where' only.`)
  return table.foreignCondition(options.where) || undefined
}

// SELECT … FROM (ranked within each parent) WHERE place <= limit: the same statement for every kind of association.
async function readRelated(link: Link, parents: readonly Raw[], include: Include, options: StoreOptions): Promise<Map<string, Row[]>> {
  const { from, to, target, through, many } = link
  const { sort = target.table.key.map((field): Sort => ({ field })), limit = many ? undefined : 1 } = include
  const values = [...new Set(parents.map((parent) => parent[from.name]).filter((value) => value !== null && value !== undefined))]
  const found = new Map<string, Row[]>()
  if (values.length === 0 || limit === 0) return found
  const { table } = target
  const isParents = ({ equal }: Column): string => `${equal} IN (${values.map((value) => table.escape(from.bind(value as Scalar))).join(', ')})`
  const { where } = await hooked(
    table,
    namesFor(target, include),
    { where: allSql(table.base, link.where, conditionOf(include.where, target), through ? undefined : isParents(to)) },
    options,
  )
  const columns = [...namesFor(target, include)].map((name) => table.column(name))
  const keys = sort.map(({ field }, index) => ({ ...table.column(field), alias: table.alias(`sort ${index}`) }))
  const q = (name: string): string => table.alias(name)
  const parts = [
    ...columns.map((column) => named(table, column.select, column.name)),
    ...keys.map(({ exact, alias }) => `${exact} AS ${alias}`),
    `${through ? to.sql : to.select} AS ${q('joined to')}`,
  ]
  const rows = `(SELECT ${parts.join(', ')} FROM ${table.sql}${where ? ` WHERE ${where}` : ''}) AS ${q('related')}`
  const parent = through ? `${q('link')}.${q('parent')}` : `${q('related')}.${q('joined to')}`
  const joined = through
    ? `${rows} INNER JOIN (${linksOf(through, isParents, q)}) AS ${q('link')} ON ${q('related')}.${q('joined to')} = ${q('link')}.${q('child')}`
    : rows
  const order = orderOf(
    sort.map(({ descending }, index) => ({ field: String(index), descending })),
    (index) => {
      const key = keys[Number(index)] as (typeof keys)[number]
      return { sorted: `${q('related')}.${key.alias}`, nullable: key.nullable, dialect: key.dialect }
    },
  )
  const place = `ROW_NUMBER() OVER (PARTITION BY ${parent} ORDER BY ${order})`
  const ranked = `SELECT ${q('related')}.*, ${parent} AS ${q('parent of it')}, ${place} AS ${q('place')} FROM ${joined}`
  const bound = limit === undefined ? '' : ` WHERE ${q('place')} <= ${limit}`
  const raws = readValues(await query(table, `SELECT * FROM (${ranked}) AS ${q('ranked')}${bound} ORDER BY ${q('place')}`, options), columns)
  const delivered = await deliver(target, raws, include, options)
  raws.forEach((raw, index) => {
    const key = String(raw['parent of it'])
    const list = found.get(key)
    if (list) list.push(delivered[index] as Row)
    else found.set(key, [delivered[index] as Row])
  })
  return found
}

function linksOf({ table, from, to, where }: NonNullable<Link['through']>, isParents: (column: Column) => string, q: (name: string) => string): string {
  return `SELECT ${from.select} AS ${q('parent')}, ${to.sql} AS ${q('child')} FROM ${table.sql} WHERE ${allSql(where, isParents(from))}`
}
