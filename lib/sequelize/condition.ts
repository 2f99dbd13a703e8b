// Condition: a Where in SQL. Operators become Sequelize's, values go through its escape, and nothing that a client wrote becomes a name or a keyword.
import { literal, Op, where } from 'sequelize'
import type { Scalar } from '../value.js'
import type { Condition, Edge, Operator, Sort, Where } from '../where.js'
import type { Column } from './column.js'
import { allSql, type Link, type Source, type Table } from './table.js'

/** A Where in SQL; `undefined` where it asks nothing. The columns are not qualified: a statement has one table at each level. */
export function conditionOf(asked: Where | undefined, source: Source): string | undefined {
  return asked && (source.table.condition(compile(asked, source, false)) || undefined)
}

type Compiled = object

const nowhere = literal('1 = 0')
const everywhere = literal('1 = 1')

// `not` is pushed down to the conditions, where NULL is known: SQL has three truth values, a Where has two.
function compile(asked: Where, source: Source, negated: boolean): Compiled {
  if ('and' in asked || 'or' in asked) {
    const conjunction = 'and' in asked !== negated
    const parts = ('and' in asked ? asked.and : asked.or).map((part) => compile(part, source, negated))
    if (parts.length === 0) return conjunction ? everywhere : nowhere
    return conjunction ? { [Op.and]: parts } : { [Op.or]: parts }
  }
  if ('not' in asked) return compile(asked.not, source, !negated)
  if ('relation' in asked) return related(asked.where, source.link(asked.relation), negated)
  const column = source.table.column(asked.field)
  if (asked.value === undefined || asked.value === null) throw new TypeError(`The condition '${asked.op}' on '${asked.field}' has no value.`)
  if (asked.op === 'null') return where(literal(column.sql), (asked.value === true) !== negated ? Op.is : Op.not, null as never)
  // ne and nin are the opposites of eq and in, for NULL too.
  const opposite = asked.op === 'ne' || asked.op === 'nin'
  const test = positive(asked, column, source.table)
  return negated === opposite ? test : negative(test, column)
}

const negative = (test: Compiled, { sql, nullable }: Column): Compiled => {
  const not = { [Op.not]: [test] }
  return nullable ? { [Op.or]: [where(literal(sql), Op.is, null as never), not] } : not
}

const comparisons: Partial<Record<Operator, symbol>> = { gt: Op.gt, gte: Op.gte, lt: Op.lt, lte: Op.lte }

// True for the rows that are meant; false or NULL for all others.
function positive({ op, value }: Condition, column: Column, table: Table): Compiled {
  const compare = (by: symbol, to: unknown): Compiled => where(literal(column.exact), { [by]: to })
  switch (op) {
    case 'eq':
    case 'ne':
      return isIn(column, [value as Scalar])
    case 'in':
    case 'nin':
      return isIn(column, value as readonly Scalar[])
    case 'between': {
      const [low, high] = value as readonly [Scalar, Scalar]
      return { [Op.and]: [positive({ field: '', op: 'gte', value: low }, column, table), positive({ field: '', op: 'lte', value: high }, column, table)] }
    }
    case 'contains':
    case 'icontains':
    case 'startsWith':
    case 'endsWith':
      return partly(op, String(value), column, table)
    default: {
      const rounded = cut(column, value as Scalar)
      // What is finer than the column lies behind the value that it is cut to.
      const by = rounded === value ? op : op === 'gte' ? 'gt' : op === 'lt' ? 'lte' : op
      return compare(comparisons[by] as symbol, column.bind(rounded))
    }
  }
}

function isIn(column: Column, values: readonly Scalar[]): Compiled {
  const bound = values.filter((value) => cut(column, value) === value).map(column.bind)
  if (bound.length === 0) return nowhere
  const test = bound.length === 1 ? { [Op.eq]: bound[0] } : { [Op.in]: bound }
  const equal = where(literal(column.equal), test)
  return column.indexed === undefined ? equal : { [Op.and]: [where(literal(column.indexed), test), equal] }
}

/** A time as the column would hold it: one digit too many, and it is not equal to anything. */
function cut({ field, digits }: Column, value: Scalar): Scalar {
  if (field?.kind !== 'date-time') return value
  const [whole, fraction = ''] = String(value).slice(0, -1).split('.')
  return /[1-9]/.test(fraction.slice(digits)) ? `${whole}.${fraction.slice(0, digits).padEnd(3, '0')}Z` : value
}

function partly(op: 'contains' | 'icontains' | 'startsWith' | 'endsWith', text: string, column: Column, table: Table): Compiled {
  const { sql, exact, dialect } = column
  // LIKE in SQLite makes no difference between cases, and knows no escape by itself.
  if (dialect === 'sqlite') {
    if (op === 'icontains') return where(literal(`instr(lower(${sql}), lower(${table.escape(text)}))`), { [Op.gt]: 0 })
    if (op === 'contains' || text === '') return where(literal(`instr(${sql}, ${table.escape(text)})`), { [Op.gt]: 0 })
    const { length } = [...text]
    return where(literal(op === 'startsWith' ? `substr(${sql}, 1, ${length})` : `substr(${sql}, -${length})`), { [Op.eq]: text })
  }
  const escaped = text.replace(/[\\%_]/g, '\\$&')
  if (op === 'startsWith') return where(literal(exact), { [Op.like]: `${escaped}%` })
  if (op === 'endsWith') return where(literal(exact), { [Op.like]: `%${escaped}` })
  if (op === 'contains') return where(literal(exact), { [Op.like]: `%${escaped}%` })
  if (dialect === 'postgres') return where(literal(sql), { [Op.iLike]: `%${escaped}%` })
  return where(literal(`LOWER(${exact})`), { [Op.like]: literal(`LOWER(${table.escape(`%${escaped}%`)})`) })
}

// Keys in a subquery: no row comes twice, and it fits into UPDATE and DELETE as well.
function related(asked: Where, { from, to, target, where: own, through }: Link, negated: boolean): Compiled {
  const rows = keysOf(target, to, allSql(own, conditionOf(asked, target)))
  const keys = through ? select(through.from, through.table.sql, allSql(through.where, `${through.to.sql} IN (${rows})`, notNull(through.from))) : rows
  const test = where(literal(from.sql), { [Op.in]: literal(`(${keys})`) })
  return negated ? negative(test, from) : test
}

const keysOf = ({ table }: Source, to: Column, condition: string | undefined): string => select(to, table.sql, allSql(table.base, condition, notNull(to)))

// One NULL among the keys, and NOT IN holds for nothing.
const notNull = ({ sql, nullable }: Column): string | undefined => (nullable ? `${sql} IS NOT NULL` : undefined)

const select = ({ sql }: Column, table: string, condition: string | undefined): string => `SELECT ${sql} FROM ${table}${condition ? ` WHERE ${condition}` : ''}`

/**
 * What stands behind an edge, with the columns compared as one row, which an index on them answers without looking at what is alike.
 * `undefined` where that says something else than a condition for each column (NULLs, directions that differ, values that are cast),
 * and on MariaDB, which does not look such a comparison up in an index.
 */
export function rowsBehind(sort: readonly Sort[], edge: Edge, { table }: Source): string | undefined {
  const descending = sort[0]?.descending === true
  if (sort.length < 2 || table.dialect === 'mariadb' || sort.some((one) => (one.descending === true) !== descending)) return undefined
  const columns = sort.map(({ field }) => table.column(field))
  const values = columns.map(({ bind, field, nullable }, index) => {
    const value = edge[index]
    const bound = nullable || value === null || value === undefined || field?.kind === 'date-time' ? undefined : bind(value)
    return typeof bound === 'number' || (typeof bound === 'string' && field?.kind === 'text') ? table.escape(bound) : undefined
  })
  if (values.includes(undefined)) return undefined
  return `(${columns.map(({ exact }) => exact).join(', ')}) ${descending ? '<' : '>'} (${values.join(', ')})`
}

/** An order in SQL. NULL counts as larger than every value. */
export function orderOf(sort: readonly Sort[], column: (field: string) => Pick<Column, 'sorted' | 'nullable' | 'dialect'>): string {
  return sort
    .map(({ field, descending }) => {
      const { sorted, nullable, dialect } = column(field)
      const by = descending ? `${sorted} DESC` : sorted
      if (!nullable || dialect === 'postgres') return by
      if (dialect === 'sqlite') return `${by} NULLS ${descending ? 'FIRST' : 'LAST'}`
      return `${sorted} IS NULL${descending ? ' DESC' : ''}, ${by}`
    })
    .join(', ')
}
