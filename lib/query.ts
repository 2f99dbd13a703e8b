// Query: what a client may ask of a collection, and how. URL parameters and the body of a QUERY request say the same in two spellings;
// both are read here into a StoreQuery. What is unknown, too much or not allowed is refused and never left out: that would widen the answer.
import { type Askable, type Complain, type Spot, through } from './askable.js'
import { grow, readTree, type Tree } from './conditions.js'
import type { Include, Selection } from './store.js'
import { allOf, type Sort, type Where } from './where.js'

/** How much a client may ask for in one request. */
export interface QueryLimits {
  /** Characters of the query string. @default 8192 */
  length?: number
  /** Levels of `and`, `or`, `not` and relations in a filter. @default 8 */
  depth?: number
  /** Conditions in all. @default 50 */
  conditions?: number
  /** Values of one `in` or `nin`. @default 200 */
  list?: number
  /** Fields of one `sort`. @default 5 */
  sorts?: number
  /** Words of `q`. @default 10 */
  words?: number
  /** Relations in all. @default 10 */
  includes?: number
  /** Relations in a row. @default 3 */
  includeDepth?: number
  /** Rows of one list within a row. @default 100 */
  includeRows?: number
}

/** {@link QueryLimits} as they come. */
export const queryLimits: Required<QueryLimits> = {
  length: 8192,
  depth: 8,
  conditions: 50,
  list: 200,
  sorts: 5,
  words: 10,
  includes: 10,
  includeDepth: 3,
  includeRows: 100,
}

/** What a query is read by. */
export interface AskOptions {
  readonly limits: Required<QueryLimits>
  /** Parameters that somebody else reads: `format`, an API key. */
  readonly reserved: readonly string[]
  /** The order where the client names none: `['-created']`. What the caller may not read is left out of it. */
  readonly sort: readonly string[]
}

/** What a client asked, checked. The page is still as it was written: page.ts reads it. */
export interface Asked {
  /** The client's own conditions, without the row rule. */
  readonly where: Where | undefined
  readonly sort: readonly Sort[]
  readonly select: Selection
  /** `limit`, `offset`, `after`, `before`, as far as they were given. */
  readonly page: ReadonlyMap<string, unknown>
}

/**
 * Reads a query.
 * @param members the parameters of a URL, or the members of the body of a QUERY request
 * @param textual whether values are text as in a URL
 * @example readAsked(ctx.query, true, books, options, complaints.add)
 */
export function readAsked(members: Readonly<Record<string, unknown>>, textual: boolean, askable: Askable, options: AskOptions, complain: Complain): Asked {
  return new AskReader(textual, askable, options, complain).read(members)
}

const paging = new Set(['limit', 'offset', 'after', 'before'])
const parameter = /^(\w+)((?:\[[^[\]]*\])*)$/

/** A relation that is to be had along, and what was said of it. */
interface Wanted {
  fields?: readonly string[]
  sort?: readonly Sort[]
  limit?: number
  readonly askable: Askable
  readonly many: boolean
  readonly inner: Map<string, Wanted>
}

class AskReader {
  readonly #textual: boolean
  readonly #askable: Askable
  readonly #options: AskOptions
  readonly #complain: Complain
  #conditions = 0

  constructor(textual: boolean, askable: Askable, options: AskOptions, complain: Complain) {
    this.#textual = textual
    this.#askable = askable
    this.#options = options
    this.#complain = complain
  }

  read(members: Readonly<Record<string, unknown>>): Asked {
    const wheres: (Where | undefined)[] = []
    const brackets: Tree = Object.create(null)
    const page = new Map<string, unknown>()
    const later: (() => void)[] = []
    const included = new Map<string, Wanted>()
    let fields: readonly string[] | undefined
    let sort: readonly Sort[] | undefined
    for (const name of Object.keys(members)) {
      const value = members[name]
      const [, base = '', rest = ''] = parameter.exec(name) ?? []
      const steps = rest === '' ? [] : rest.slice(1, -1).split('][')
      const [path] = steps
      const wanted = (use: (wanted: Wanted) => void) => later.push(() => this.#within(included, name, path as string, use))
      if (steps.length === 0 && this.#options.reserved.includes(name)) continue
      if (base === 'filter' && steps.length === 0) wheres.push(this.#filter(name, value))
      else if (base === 'filter' && this.#textual) grow(brackets, steps, value)
      else if (base === 'q' && steps.length === 0 && this.#askable.searchable.length > 0) wheres.push(this.#search(name, value))
      else if (base === 'sort' && steps.length === 0) sort = this.#sort(name, value, this.#askable)
      else if (base === 'fields' && steps.length === 0) fields = this.#fields(name, value, this.#askable)
      else if (base === 'include' && steps.length === 0) this.#include(name, value, included)
      else if (paging.has(base) && steps.length === 0) page.set(name, value)
      else if (base === 'sort' && steps.length === 1) wanted((into) => Object.assign(into, { sort: this.#sort(name, value, into.askable) }))
      else if (base === 'fields' && steps.length === 1) wanted((into) => Object.assign(into, { fields: this.#fields(name, value, into.askable) }))
      else if (base === 'limit' && steps.length === 1) wanted((into) => this.#limit(name, value, into))
      else this.#complain(this.#spot(name), 'unknown', 'is no parameter here')
    }
    for (const work of later) work()
    if (Object.keys(brackets).length > 0)
      wheres.push(this.#tree(brackets, true, (path) => ({ parameter: `filter${path.map((step) => `[${step}]`).join('')}` })))
    return {
      where: allOf(...wheres),
      sort: withKey(sort ?? this.#defaultSort(), this.#askable),
      select: { fields: fields ?? this.#askable.fields, include: selectionsOf(included, this.#options.limits.includeRows) },
      page,
    }
  }

  #spot(name: string, steps: readonly string[] = []): Spot {
    return this.#textual ? { parameter: name } : { pointer: [name, ...steps].map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') }
  }

  #filter(name: string, value: unknown): Where | undefined {
    if (!this.#textual) return this.#tree(value, false, (steps) => this.#spot(name, steps))
    try {
      return this.#tree(JSON.parse(String(value)), false, () => this.#spot(name))
    } catch {
      this.#complain(this.#spot(name), 'type', 'must be conditions in JSON, or filter[field]=value')
      return undefined
    }
  }

  #tree(tree: unknown, textual: boolean, spot: (steps: readonly string[]) => Spot): Where {
    const { depth, list, conditions } = this.#options.limits
    const count = (at: Spot): void => {
      if (++this.#conditions === conditions + 1) this.#complain(at, 'limit', `is one too many: there may be ${conditions} conditions`)
    }
    return readTree(tree, this.#askable, { textual, spot, complain: this.#complain, depth, list, count })
  }

  // Every word has to be in one of the fields.
  #search(name: string, value: unknown): Where | undefined {
    const { words: most } = this.#options.limits
    if (typeof value !== 'string' || /[\0\p{Surrogate}]/u.test(value)) {
      this.#complain(this.#spot(name), 'type', 'must be a text, once')
      return undefined
    }
    const words = value.split(/\s+/).filter((word) => word !== '')
    if (words.length > most) this.#complain(this.#spot(name), 'limit', `has more than ${most} words`)
    const anywhere = (word: string): Where => {
      const places = this.#askable.searchable.map((path) => through(this.#askable, path, (field) => ({ field, op: 'icontains', value: word })))
      return { or: places.filter((place) => place !== undefined) }
    }
    return words.length > 0 ? { and: words.slice(0, most).map(anywhere) } : undefined
  }

  // A list is written with commas, or in a body as a list.
  #list(name: string, value: unknown): string[] {
    const list = typeof value === 'string' ? value.split(',') : this.#textual ? undefined : value
    if (Array.isArray(list) && list.every((item) => typeof item === 'string' && item !== '')) return list
    this.#complain(this.#spot(name), 'type', this.#textual ? 'must be names with commas between them, once' : 'must be a list of names')
    return []
  }

  #sort(name: string, value: unknown, askable: Askable): Sort[] {
    const { sorts } = this.#options.limits
    const list = this.#list(name, value).map((item) => (item.startsWith('-') ? { field: item.slice(1), descending: true } : { field: item }))
    if (list.length > sorts) this.#complain(this.#spot(name), 'limit', `has more than ${sorts} fields`)
    if (new Set(list.map(({ field }) => field)).size < list.length) this.#complain(this.#spot(name), 'repeated', 'names a field twice')
    const known = list.filter(({ field }) => askable.sortable.includes(field) && askable.fields.includes(field))
    if (known.length < list.length) this.#complain(this.#spot(name), 'unknown', 'names what is nothing to sort by')
    return known
  }

  #defaultSort(): Sort[] {
    const list = this.#options.sort.map((item) => (item.startsWith('-') ? { field: item.slice(1), descending: true } : { field: item }))
    return list.filter(({ field }) => this.#askable.fields.includes(field))
  }

  #fields(name: string, value: unknown, askable: Askable): string[] {
    const list = [...new Set(this.#list(name, value))]
    const known = list.filter((field) => askable.fields.includes(field))
    if (known.length < list.length) this.#complain(this.#spot(name), 'unknown', 'names what is no field here')
    return known
  }

  #include(name: string, value: unknown, into: Map<string, Wanted>): void {
    const { includes, includeDepth } = this.#options.limits
    const list = this.#list(name, value)
    if (list.length > includes) return this.#complain(this.#spot(name), 'limit', `has more than ${includes} relations`)
    for (const path of list) {
      const steps = path.split('.')
      if (steps.length > includeDepth) this.#complain(this.#spot(name), 'limit', `goes more than ${includeDepth} relations deep`)
      else if (!this.#askable.includable.includes(path) || !want(this.#askable, steps, into))
        this.#complain(this.#spot(name), 'unknown', 'names what cannot be included')
    }
  }

  #within(included: Map<string, Wanted>, name: string, path: string, use: (wanted: Wanted) => void): void {
    let at: Map<string, Wanted> | undefined = included
    let wanted: Wanted | undefined
    for (const step of path.split('.')) {
      wanted = at?.get(step)
      at = wanted?.inner
    }
    if (wanted) use(wanted)
    else this.#complain(this.#spot(name), 'unknown', 'belongs to nothing that is included')
  }

  #limit(name: string, value: unknown, into: Wanted): void {
    const limit = readCount(value, this.#textual)
    if (limit === undefined || !into.many) this.#complain(this.#spot(name), 'type', 'must be a whole number, and belongs to a list')
    else into.limit = Math.min(limit, this.#options.limits.includeRows)
  }
}

/** A whole number from 0 on, as text or as data; one that no number holds exactly is as good as a very large one. */
export function readCount(value: unknown, textual: boolean): number | undefined {
  const number = textual && typeof value === 'string' && /^\d{1,30}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? Math.min(number, Number.MAX_SAFE_INTEGER) : undefined
}

/** An order in which no two rows are in the same place. */
function withKey(sort: readonly Sort[], { store }: Askable): Sort[] {
  const missing = store.key.filter((field) => !sort.some((key) => key.field === field))
  return [...sort, ...missing.map((field) => ({ field }))]
}

function want(askable: Askable, steps: readonly string[], into: Map<string, Wanted>): boolean {
  const [name, ...rest] = steps
  if (name === undefined) return true
  const related = askable.relation(name)
  if (!related) return false
  const wanted = into.get(name) ?? { askable: related, many: askable.store.relations?.[name]?.many === true, inner: new Map() }
  into.set(name, wanted)
  return want(related, rest, wanted.inner)
}

function selectionsOf(wanted: ReadonlyMap<string, Wanted>, most: number): Record<string, Include> | undefined {
  if (wanted.size === 0) return undefined
  const include: Record<string, Include> = {}
  for (const [name, { askable, many, fields, sort, limit, inner }] of wanted) {
    const list = many ? { sort: withKey(sort ?? [], askable), limit: limit ?? most } : {}
    include[name] = { fields: fields ?? askable.fields, where: askable.scope, ...list, include: selectionsOf(inner, most) }
  }
  return include
}
