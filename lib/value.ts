// Value: what a field of a schema holds, how text becomes it, and which of two comes first. Every store compares as it is written here.

/** What can be asked about, sorted by and put into a cursor: wire data. Dates, 64-bit integers and decimals are texts. */
export type Scalar = string | number | boolean

/**
 * How values of a field are read and compared: `int64` and `decimal` are texts of digits that compare as numbers; `date-time` is RFC 3339 text in UTC;
 * `choice` is text out of a fixed list.
 */
export type Kind = 'text' | 'choice' | 'integer' | 'number' | 'int64' | 'decimal' | 'boolean' | 'date' | 'date-time' | 'uuid'

/** One field of a row, as far as questions about it go. */
export interface Field {
  readonly kind: Kind
  /** Whether there may be `null` instead of a value. */
  readonly nullable: boolean
  /** The fixed list, where there is one. */
  readonly choices?: readonly Scalar[]
}

/** A JSON Schema of an object whose members are known. */
export interface ObjectSchema {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object | boolean>>
  readonly required?: readonly string[]
  readonly [keyword: string]: unknown
}

/** The field that a member's schema describes, or `undefined` where it holds no single value: a list, an object, anything. */
export function fieldOf(schema: unknown): Field | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  const { type, format, enum: list, anyOf, oneOf } = schema as { [keyword: string]: unknown }
  const branches = (anyOf ?? oneOf) as { type?: unknown }[] | undefined
  if (branches) {
    const others = branches.filter((branch) => branch.type !== 'null')
    const field = others.length === 1 ? fieldOf(others[0]) : undefined
    return field && { ...field, nullable: field.nullable || others.length < branches.length }
  }
  const types = (Array.isArray(type) ? type : [type]).filter((name) => name !== 'null')
  const choices = Array.isArray(list) ? (list.filter((value) => value !== null) as Scalar[]) : undefined
  const kind = types.length === 1 ? kindOf(types[0], format, choices) : undefined
  if (!kind) return undefined
  const nullable = (Array.isArray(type) && type.includes('null')) || (Array.isArray(list) && list.includes(null))
  return choices ? { kind, nullable, choices } : { kind, nullable }
}

function kindOf(type: unknown, format: unknown, choices: readonly Scalar[] | undefined): Kind | undefined {
  if (type === 'integer' || type === 'number' || type === 'boolean') return type
  if (type !== 'string') return undefined
  if (choices) return 'choice'
  return format === 'int64' || format === 'decimal' || format === 'date' || format === 'date-time' || format === 'uuid' ? format : 'text'
}

/**
 * The value that a client meant, or `undefined` where it is none of this field's.
 * @param value text from a URL, or data from a JSON document; text is read as what the field holds only where `textual`
 */
export function readValue({ kind, choices }: Field, value: unknown, textual: boolean): Scalar | undefined {
  const read = readers[kind](value, textual)
  return read !== undefined && choices && !choices.includes(read) ? undefined : read
}

type Reader = (value: unknown, textual: boolean) => Scalar | undefined

const textOf = (value: unknown, pattern: RegExp): string | undefined => (typeof value === 'string' && pattern.test(value) ? value : undefined)

// PostgreSQL has no U+0000 in texts, and half a surrogate pair has no bytes in UTF-8.
const readText: Reader = (value) => textOf(value, /^[^\0\p{Surrogate}]*$/u)

const readers: Record<Kind, Reader> = {
  text: readText,
  choice: readText,
  integer(value, textual) {
    const number = textual && textOf(value, /^-?\d{1,16}$/) !== undefined ? Number(value) : value
    return Number.isSafeInteger(number) ? (number as number) + 0 : undefined
  },
  number(value, textual) {
    const number = textual && textOf(value, /^-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?$/) !== undefined ? Number(value) : value
    return Number.isFinite(number) ? (number as number) + 0 : undefined
  },
  boolean: (value, textual) => (typeof value === 'boolean' ? value : textual && (value === 'true' || value === 'false') ? value === 'true' : undefined),
  int64(value) {
    const text = textOf(Number.isSafeInteger(value) ? String(value) : value, /^-?\d{1,19}$/)
    return text !== undefined && BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? String(BigInt(text)) : undefined
  },
  decimal: (value) => textOf(typeof value === 'number' ? String(value) : value, /^-?\d{1,100}(\.\d{1,100})?$/),
  uuid: (value) => textOf(value, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i)?.toLowerCase(),
  date(value) {
    const text = textOf(value, /^(?!0000)\d{4}-\d\d-\d\d$/)
    return text !== undefined && dayExists(text) ? text : undefined
  },
  'date-time'(value) {
    const found = typeof value === 'string' ? /^((?!0000)\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/.exec(value) : null
    if (!found || !dayExists(found[1] as string)) return undefined
    const time = new Date((value as string).replace(/\.\d+/, '').toUpperCase())
    if (Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1 || time.getUTCFullYear() > 9999) return undefined
    // Milliseconds as Date writes them; finer digits are kept, as a database may hold them.
    return `${time.toISOString().slice(0, 19)}.${(found[2] ?? '').slice(1).replace(/0+$/, '').padEnd(3, '0')}Z`
  },
}

function dayExists(day: string): boolean {
  const time = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day)
}

/**
 * Which of two values of one kind comes first: negative, zero or positive. Texts are compared code point by code point, which is the order of their
 * UTF-8 bytes: `COLLATE "C"` in PostgreSQL, BINARY in SQLite, `utf8mb4_nopad_bin` in MariaDB.
 */
export function compareValues(kind: Kind, a: Scalar, b: Scalar): number {
  if (a === b) return 0
  if (kind === 'integer' || kind === 'number' || kind === 'boolean') return Number(a) - Number(b)
  if (kind === 'int64') return BigInt(a) < BigInt(b) ? -1 : Number(BigInt(a) > BigInt(b))
  if (kind === 'decimal') return compareDecimals(String(a), String(b))
  if (kind === 'date-time') return compareTexts(String(a).slice(0, -1), String(b).slice(0, -1))
  return compareTexts(String(a), String(b))
}

function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const one = a.charCodeAt(index)
    const other = b.charCodeAt(index)
    if (one === other) continue
    // A surrogate stands for a code point above all those that are written with one unit.
    const high = (one & 0xf800) === 0xd800
    return high === ((other & 0xf800) === 0xd800) ? one - other : high ? 1 : -1
  }
  return a.length - b.length
}

function compareDecimals(a: string, b: string): number {
  const one = decimalParts(a)
  const other = decimalParts(b)
  if (one.sign !== other.sign) return one.sign - other.sign
  return one.sign * (one.whole.length - other.whole.length || compareTexts(one.whole, other.whole) || compareTexts(one.fraction, other.fraction))
}

function decimalParts(text: string): { sign: number; whole: string; fraction: string } {
  const negative = text.startsWith('-')
  const [whole = '', fraction = ''] = text.slice(negative ? 1 : 0).split('.')
  const parts = { whole: whole.replace(/^0+/, ''), fraction: fraction.replace(/0+$/, '') }
  return { ...parts, sign: parts.whole === '' && parts.fraction === '' ? 0 : negative ? -1 : 1 }
}
