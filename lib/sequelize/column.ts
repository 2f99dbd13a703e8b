// Column: one attribute of a Sequelize model in SQL. What differs between the databases in reading and comparing a single value is said here.
import { cast, literal } from 'sequelize'
import { type Field, fieldOf, type Scalar } from '../value.js'
import type { Dialect } from './dialect.js'
import { type Attribute, memberOf } from './schema.js'

/** One attribute of a model, in SQL. The texts are made of names of the model and of nothing else. */
export interface Column {
  /** The name of the attribute. */
  readonly name: string
  readonly dialect: Dialect
  /** What the column is called. */
  readonly sql: string
  /** What reads it. */
  readonly select: string
  /** What it is compared by: texts by their bytes. */
  readonly exact: string
  /** The same with the name of the table, as ORDER BY takes a name without one for that of a result. */
  readonly sorted: string
  /** What it is tested for equality by. */
  readonly equal: string
  /** A wider test for equality that an index of the column answers, where {@link equal} is none. */
  readonly indexed: string | undefined
  /** What values it holds; `undefined` where they cannot be asked about. */
  readonly field: Field | undefined
  readonly nullable: boolean
  /** How many digits of a second it holds. */
  readonly digits: number
  /** What counts the microseconds of a time, where the driver reads milliseconds and the column may hold more. */
  readonly micros: string | undefined
  /** From the driver to what Sequelize's instances hold; `undefined` where that is the same. */
  readonly read: ((value: never) => unknown) | undefined
  /** From a condition to what Sequelize escapes. */
  readonly bind: (value: Scalar) => unknown
}

/** Describes the column of an attribute. @param table the name of the table, in SQL @param quote writes a name in SQL */
export function columnOf(attribute: Attribute, dialect: Dialect, table: string, quote: (name: string) => string): Column {
  const { fieldName: name, field = name, type } = attribute
  const sql = quote(field)
  const exact = exactOf(type.key, dialect, sql)
  const nullable = attribute.allowNull !== false && attribute.primaryKey !== true
  const digits = dialect === 'sqlite' ? 3 : type._length || (dialect === 'postgres' ? 6 : 0)
  return {
    name,
    dialect,
    sql,
    select: selectOf(type.key, dialect, sql),
    exact,
    sorted: exactOf(type.key, dialect, `${table}.${sql}`),
    // PostgreSQL takes only equal bytes for equal, in any collation, so that any index will do.
    equal: dialect === 'postgres' && (texts.has(type.key) || type.key === 'ENUM') ? sql : exact,
    indexed: dialect === 'mariadb' && texts.has(type.key) ? sql : undefined,
    field: fieldOf(memberOf(attribute, dialect)),
    nullable,
    digits,
    micros: type.key === 'DATE' && digits > 3 ? (dialect === 'postgres' ? `date_part('microseconds', ${sql})` : `microsecond(${sql})`) : undefined,
    read: readers[dialect](type),
    bind: binder(type, dialect, digits),
  }
}

type Type = Attribute['type']

const texts = new Set(['STRING', 'CHAR', 'TEXT', 'CITEXT'])
// Types of their own in PostgreSQL, and texts to everybody else.
const almostTexts = new Set(['ENUM', 'TIME', 'CIDR', 'MACADDR'])

// The one order that all three databases can make, see compareValues().
function exactOf(key: string, dialect: Dialect, sql: string): string {
  // A cast would add /32 to an address, which the driver does not show.
  if (dialect === 'postgres' && key === 'INET') return `textin(inet_out(${sql})) COLLATE "C"`
  if (dialect === 'postgres') return almostTexts.has(key) ? `CAST(${sql} AS TEXT) COLLATE "C"` : texts.has(key) ? `${sql} COLLATE "C"` : sql
  if (dialect === 'mariadb' && (texts.has(key) || key === 'ENUM')) return `CONVERT(${sql} USING utf8mb4) COLLATE utf8mb4_nopad_bin`
  return sql
}

function selectOf(key: string, dialect: Dialect, sql: string): string {
  // The driver of SQLite reads integers as doubles. That of MariaDB does so with decimals, and parses JSON in some places and not in others.
  if (dialect === 'sqlite' && key === 'BIGINT') return `CAST(${sql} AS TEXT)`
  if (dialect === 'mariadb' && (key === 'DECIMAL' || key === 'BIGINT' || key === 'JSON')) return `CAST(${sql} AS CHAR)`
  return sql
}

const readers: Record<Dialect, (type: Type) => Column['read']> = {
  postgres: () => undefined,
  mariadb({ key }) {
    if (key === 'BOOLEAN') return Boolean
    return key === 'JSON' ? JSON.parse : undefined
  },
  sqlite({ key, options }) {
    if (key === 'BOOLEAN') return Boolean
    if (key === 'JSON' || key === 'JSONB') return JSON.parse
    if (key === 'DECIMAL') return (value: number | string) => (typeof value === 'number' && options?.scale ? value.toFixed(options.scale) : String(value))
    // Sequelize writes '2024-02-29 23:59:59.123 +00:00'.
    return key === 'DATE' ? (value: string) => new Date(/[+Z]|\d-\d\d:\d\d$/.test(value) ? value : `${value}Z`) : undefined
  },
}

function binder({ key, _length }: Type, dialect: Dialect, digits: number): Column['bind'] {
  if (key === 'BIGINT') return BigInt as (value: Scalar) => bigint
  if (key === 'DATE') return (value) => timeOf(String(value), dialect, digits)
  // MariaDB compares a decimal with a text as two doubles; a double of eight bytes is hardly ever equal to one of four.
  if (key === 'DECIMAL' && dialect === 'mariadb') return (value) => cast(value, 'DECIMAL(65,30)')
  if ((key === 'REAL' || (key === 'FLOAT' && (_length || 53) < 25)) && dialect === 'postgres') return (value) => cast(value, 'REAL')
  if (key === 'FLOAT' && dialect === 'mariadb') return (value) => cast(value, 'FLOAT')
  return (value) => value
}

// Sequelize knows how a time is written, but for what is finer than milliseconds.
function timeOf(text: string, dialect: Dialect, digits: number): unknown {
  if (dialect === 'postgres' || digits <= 3) return dialect === 'postgres' ? text : new Date(text)
  const fraction = /\.(\d+)Z$/.exec(text)?.[1] ?? ''
  const time = new Date(text).toISOString().replace('T', ' ').slice(0, 20)
  return literal(`CONVERT_TZ('${time}${fraction.padEnd(6, '0').slice(0, 6)}', '+00:00', @@session.time_zone)`)
}
