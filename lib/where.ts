// Where: a condition on rows, as a tree. The query language is read into it, row rules are written in it, every store understands it.
import type { Scalar } from './value.js'

/** What a condition may ask of a field. */
export const operators = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'contains', 'icontains', 'startsWith', 'endsWith', 'null', 'between'] as const

/** One of {@link operators}. */
export type Operator = (typeof operators)[number]

/**
 * One question about one field. `in` and `nin` take a list, `between` a pair (both ends belong to it), `null` a boolean, all others one value.
 * The value is never `null`; `%`, `_` and `\` in it are just letters. `icontains` makes no difference between the cases of ASCII letters at least.
 */
export interface Condition {
  readonly field: string
  readonly op: Operator
  readonly value: Scalar | readonly Scalar[]
}

/**
 * A condition on rows. Logic has two values: a row whose field is `null` fails every condition but `ne`, `nin` and `{ op: 'null', value: true }`,
 * and `not` holds for exactly the rows that its inside does not hold for. An empty `and` holds, an empty `or` does not.
 *
 * @example { and: [{ field: 'tenant', op: 'eq', value: 7 }, { relation: 'author', where: { field: 'country', op: 'eq', value: 'UK' } }] }
 */
export type Where =
  | Condition
  /** A related row there is, one at least, for which the inside holds. */
  | { readonly relation: string; readonly where: Where }
  | { readonly and: readonly Where[] }
  | { readonly or: readonly Where[] }
  | { readonly not: Where }

/** One key of an order. NULL counts as larger than every value: it comes last, and first where `descending`. */
export interface Sort {
  readonly field: string
  readonly descending?: boolean | undefined
}

/** The values of the sort fields of one row, in the order of the sort: the place between two pages. */
export type Edge = readonly (Scalar | null)[]

/** Holds where all of the given hold; those that are `undefined` are left out. @example allOf(scope, filter) */
export function allOf(...wheres: readonly (Where | undefined)[]): Where | undefined {
  const given = wheres.filter((where) => where !== undefined)
  return given.length > 1 ? { and: given } : given[0]
}

/**
 * Holds for the rows behind an edge in a given order. The first field is bounded once more by itself, so that a database can start in the middle of an index.
 * @param nullable says which fields may be NULL; a condition for that is written for no others
 * @example seek([{ field: 'age', descending: true }, { field: 'id' }], [30, 7], () => false)
 */
export function seek(sort: readonly Sort[], edge: Edge, nullable: (field: string) => boolean): Where {
  const behind = sort.reduceRight<Where | undefined>((rest, { field, descending }, index) => {
    const value = edge[index] ?? null
    const here = beyond(field, value, descending, nullable(field), false)
    if (!rest) return here
    const same: Where = { and: [value === null ? { field, op: 'null', value: true } : { field, op: 'eq', value }, rest] }
    return here === nowhere ? same : { or: [here, same] }
  }, undefined)
  const [first] = sort
  if (!first || !behind) throw new RangeError('seek(): an order has one field at least.')
  if (sort.length === 1) return behind
  return allOf(bound(first, edge[0] ?? null, nullable(first.field)), behind) as Where
}

const nowhere: Where = { or: [] }

function bound({ field, descending }: Sort, value: Scalar | null, nullable: boolean): Where | undefined {
  if (value !== null) return beyond(field, value, descending, nullable, true)
  return descending ? undefined : { field, op: 'null', value: true }
}

function beyond(field: string, value: Scalar | null, descending: boolean | undefined, nullable: boolean, inclusive: boolean): Where {
  if (value === null) return descending ? { field, op: 'null', value: false } : nowhere
  if (descending) return { field, op: inclusive ? 'lte' : 'lt', value }
  const above: Where = { field, op: inclusive ? 'gte' : 'gt', value }
  return nullable ? { or: [above, { field, op: 'null', value: true }] } : above
}
