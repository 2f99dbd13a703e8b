// Askable: what one caller may ask of a collection. A name that is not listed is answered like one that does not exist.
import { badRequest } from './problem.js'
import type { Store } from './store.js'
import { fieldOf, type Kind } from './value.js'
import { allOf, type Operator, operators, type Where } from './where.js'

/** What one caller may ask of a collection. */
export interface Askable {
  readonly store: Pick<Store, 'key' | 'schema' | 'relations'>
  /** The fields that the caller may read. What else is listed counts only within these. */
  readonly fields: readonly string[]
  /** Paths to filter by: `'age'`, `'author.country'`. */
  readonly filterable: readonly string[]
  /** Fields to sort by. */
  readonly sortable: readonly string[]
  /** Paths of texts that `q` looks through. */
  readonly searchable: readonly string[]
  /** Paths of relations whose rows may be had along: `'author'`, `'author.books'`. */
  readonly includable: readonly string[]
  /** The row rule: joined to every question with `and`. */
  readonly scope?: Where | undefined
  /** What the caller may ask of a relation's rows; `undefined`: nothing. */
  relation(name: string): Askable | undefined
}

/** Where in the request something stood: a query parameter, or a place in the body. */
export type Spot = { readonly parameter: string } | { readonly pointer: string }

/** Called for everything that is wrong. */
export type Complain = (spot: Spot, code: string, detail: string) => void

/** Gathers what is wrong with a request, so that all of it is told at once. */
export class Complaints {
  readonly #errors: object[] = []
  readonly add: Complain = (spot, code, detail) => {
    this.#errors.push({ ...spot, code, detail })
  }

  /** @throws Problem 400 where there was a complaint */
  raise(): void {
    if (this.#errors.length > 0) throw badRequest('The query cannot be answered.', { members: { errors: this.#errors.slice(0, 100) } })
  }
}

const inOrder: readonly Operator[] = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'between', 'null']
/** The operators of values that only equal or differ. */
export const asEqual: readonly Operator[] = ['eq', 'ne', 'in', 'nin', 'null']
const others: Partial<Record<Kind, readonly Operator[]>> = { text: operators, choice: asEqual, boolean: asEqual, uuid: asEqual }

/** The operators that make sense for a kind of values. */
export const operatorsOf = (kind: Kind): readonly Operator[] => others[kind] ?? inOrder

/** A condition on what a path leads to, within the row rules of all that lies between. @example through(books, 'author.name', …) */
export function through(askable: Askable, path: string, condition: (field: string) => Where): Where | undefined {
  const [step, rest] = split(path)
  if (rest === undefined) return askable.fields.includes(step) ? condition(step) : undefined
  const next = askable.relation(step)
  const inner = next && through(next, rest, condition)
  return next && inner && { relation: step, where: allOf(next.scope, inner) as Where }
}

/** A path, its first step taken off. */
export function split(path: string): [step: string, rest?: string] {
  const dot = path.indexOf('.')
  return dot < 0 ? [path] : [path.slice(0, dot), path.slice(dot + 1)]
}

/**
 * Holds what an application allows against its store, when the resource is made.
 * @throws TypeError with a sentence that names the option and the entry
 */
export function checkAskable({ store, filterable, sortable, searchable, includable, relation }: Askable, where: string): void {
  const wrong = (option: string, entry: string, what: string): never => {
    throw new TypeError(`${where}: '${entry}' in '${option}' ${what}.`)
  }
  const fieldAt = (option: string, path: string): ReturnType<typeof fieldOf> => {
    let at: Askable['store'] = store
    const steps = path.split('.')
    const last = steps.pop() as string
    for (const step of steps) at = at.relations?.[step]?.store ?? wrong(option, path, `goes through '${step}', which is no relation`)
    if (!Object.hasOwn(at.schema.properties, last)) wrong(option, path, 'is no field of the schema')
    return fieldOf(at.schema.properties[last])
  }
  for (const path of filterable) {
    if (!fieldAt('filterable', path)) wrong('filterable', path, 'holds no single value to compare')
    if (/(^|\.)(and|or|not)$/.test(path)) wrong('filterable', path, 'is a word of the query language')
  }
  for (const path of sortable)
    if (path.includes('.') || !fieldAt('sortable', path)) wrong('sortable', path, 'is no field of the row itself with a value to compare')
  for (const path of searchable) if (fieldAt('searchable', path)?.kind !== 'text') wrong('searchable', path, 'holds no text')
  for (const path of includable) {
    let at: Askable['store'] = store
    for (const step of path.split('.')) at = at.relations?.[step]?.store ?? wrong('includable', path, `goes through '${step}', which is no relation`)
    if (path.includes('.') && !includable.includes(path.slice(0, path.lastIndexOf('.')))) wrong('includable', path, 'needs the relation before it in the list')
  }
  for (const path of [...filterable, ...searchable, ...includable.map((path) => `${path}.`)]) {
    const [step, ...rest] = path.split('.')
    if (rest.length > 0 && !relation(step as string))
      wrong('relations', step as string, 'is missing: a relation obeys the rules of its own resource, or is denied')
  }
}
