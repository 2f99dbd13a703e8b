// Clash: rules for a row among all others, for stores that have no indexes to keep them, and how a clash is told.
import { conflict, type Problem } from './problem.js'
import type { Row } from './store.js'

/** What is wrong with a row beside the others. */
export interface Clash {
  readonly field: string
  readonly code: string
  readonly detail: string
}

/** A rule for a row among all others: what is wrong goes out as 409. It may as well throw a problem of its own. */
export type Validator = (row: Readonly<Row>, others: Iterable<Readonly<Row>>) => readonly Clash[]

/** No two rows have the same values in all of these fields. A `null` differs from everything. @example validators: [uniqueTogether('row', 'seat')] */
export function uniqueTogether(...fields: readonly string[]): Validator {
  return (row, others) => {
    if (fields.some((field) => row[field] === null)) return []
    for (const other of others) if (fields.every((field) => other[field] === row[field])) return fields.map(clashOf)
    return []
  }
}

/** A value that is taken. */
export const clashOf = (field: string): Clash => ({ field, code: 'unique', detail: 'is taken' })

/** A 409 that points to the fields of a row. @param place a pointer to the row: `/0`, or `''` */
export function clash(clashes: readonly Clash[], place: string): Problem {
  return conflict('Another row stands in the way.', { members: { errors: clashes.map((one) => pointed(one, place)) } })
}

/** A clash with a pointer to its field. */
export function pointed({ field, code, detail }: Clash, place: string): object {
  return { pointer: `${place}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`, code, detail }
}
