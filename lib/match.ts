// Match: conditions, orders and selections done on rows in memory. What a database does with a statement, in plain JavaScript.
import type { Row, Selection } from './store.js'
import { compareValues, type Field, type Scalar } from './value.js'
import type { Condition, Edge, Sort, Where } from './where.js'

/** What has to be known of rows to ask about them. */
export interface RowShape {
  /** A field by name. @throws TypeError where there is none */
  field(name: string): Field
  /** What a relation leads to. @throws TypeError where there is none */
  relation(name: string): RelatedRows
}

/** Rows that others lead to. */
export interface RelatedRows {
  readonly many: boolean
  readonly shape: RowShape
  /** The related rows of one row, at most one where not `many`. */
  of(row: Row): readonly Row[]
}

type Test = (row: Row) => boolean

/** Makes a condition into a test of one row. @throws TypeError where it names what is not there, or has no value */
export function matcher(where: Where | undefined, shape: RowShape): Test {
  if (where === undefined) return () => true
  if ('and' in where) {
    const tests = where.and.map((part) => matcher(part, shape))
    return (row) => tests.every((test) => test(row))
  }
  if ('or' in where) {
    const tests = where.or.map((part) => matcher(part, shape))
    return (row) => tests.some((test) => test(row))
  }
  if ('not' in where) {
    const test = matcher(where.not, shape)
    return (row) => !test(row)
  }
  if ('relation' in where) {
    const related = shape.relation(where.relation)
    const test = matcher(where.where, related.shape)
    return (row) => related.of(row).some(test)
  }
  return conditionTest(where, shape.field(where.field))
}

function conditionTest({ field, op, value }: Condition, { kind }: Field): Test {
  if (value === undefined || value === null) throw new TypeError(`The condition '${op}' on '${field}' has no value.`)
  const compare = (row: Row, other: Scalar): number | undefined => {
    const own = row[field]
    return own === null || own === undefined ? undefined : compareValues(kind, own as Scalar, other)
  }
  // NaN compares false with everything, which is what NULL does.
  const by = (holds: (order: number) => boolean): Test => {
    return (row) => holds(compare(row, value as Scalar) ?? Number.NaN)
  }
  const within: Test = (row) => (value as readonly Scalar[]).some((one) => compare(row, one) === 0)
  const textual = (holds: (text: string, part: string) => boolean): Test => {
    return (row) => typeof row[field] === 'string' && holds(row[field], String(value))
  }
  switch (op) {
    case 'eq':
      return by((order) => order === 0)
    case 'ne':
      return by((order) => order !== 0)
    case 'gt':
      return by((order) => order > 0)
    case 'gte':
      return by((order) => order >= 0)
    case 'lt':
      return by((order) => order < 0)
    case 'lte':
      return by((order) => order <= 0)
    case 'in':
      return within
    case 'nin':
      return (row) => !within(row)
    case 'null':
      return (row) => (row[field] === null || row[field] === undefined) === value
    case 'between': {
      const [low, high] = value as readonly [Scalar, Scalar]
      return (row) => (compare(row, low) ?? -1) >= 0 && (compare(row, high) ?? 1) <= 0
    }
    case 'contains':
      return textual((text, part) => text.includes(part))
    case 'icontains':
      return textual((text, part) => text.toLowerCase().includes(part.toLowerCase()))
    case 'startsWith':
      return textual((text, part) => text.startsWith(part))
    case 'endsWith':
      return textual((text, part) => text.endsWith(part))
  }
}

/** The place of a row in an order. */
export function edgeOf(row: Row, sort: readonly Sort[]): Edge {
  return sort.map(({ field }) => (row[field] ?? null) as Scalar | null)
}

/** Which of two places comes first in an order; NULL is the largest value. */
export function edgeComparer(sort: readonly Sort[], shape: RowShape): (a: Edge, b: Edge) => number {
  const keys = sort.map(({ field, descending }) => ({ kind: shape.field(field).kind, sign: descending ? -1 : 1 }))
  return (a, b) => {
    for (let index = 0; index < keys.length; index++) {
      const { kind, sign } = keys[index] as (typeof keys)[number]
      const one = a[index] ?? null
      const other = b[index] ?? null
      const order = one === null || other === null ? Number(one === null) - Number(other === null) : compareValues(kind, one, other)
      if (order !== 0) return order * sign
    }
    return 0
  }
}

/** Rows in an order. */
export function sorted(rows: readonly Row[], sort: readonly Sort[] | undefined, shape: RowShape): Row[] {
  if (!sort || sort.length === 0) return [...rows]
  const compare = edgeComparer(sort, shape)
  return rows
    .map((row) => ({ row, edge: edgeOf(row, sort) }))
    .sort((a, b) => compare(a.edge, b.edge))
    .map(({ row }) => row)
}

/** Copies of rows, with the fields and the related rows that were asked for. */
export function project(rows: readonly Row[], { fields, include = {} }: Selection, shape: RowShape): Row[] {
  const copies = rows.map((row) => {
    const copy: Row = {}
    for (const name of fields ?? Object.keys(row)) copy[name] = copyOf(row[name])
    return copy
  })
  for (const [name, { where, sort, limit, ...selection }] of Object.entries(include)) {
    const related = shape.relation(name)
    const test = matcher(where, related.shape)
    rows.forEach((row, index) => {
      const found = project(sorted(related.of(row).filter(test), sort, related.shape).slice(0, limit), selection, related.shape)
      ;(copies[index] as Row)[name] = related.many ? found : (found[0] ?? null)
    })
  }
  return copies
}

function copyOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value
}
