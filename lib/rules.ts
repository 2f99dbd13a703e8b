// Rules: what an application allows of a collection, and what of it a caller may do. Closed unless opened: nothing can be filtered, sorted, searched or
// included that is not listed, and nothing written that is not known.
import { type Askable, checkAskable } from './askable.js'
import type { Context } from './context.js'
import { type Check, compile, type Fault } from './schema.js'
import type { Row, Store } from './store.js'
import { fieldOf, readValue } from './value.js'
import type { Where } from './where.js'

/** The fields that a caller may read and write. */
export interface FieldRules {
  /** @default all but those that are `writeOnly` */
  read?: readonly string[]
  /** @default all but those that are `readOnly`; the key only where the schema requires it, and never of a row that is there */
  write?: readonly string[]
}

/** What may be asked of a collection, and of which part of it. */
export interface Rules {
  /** The fields that may be read and written, the same for all or for this caller. */
  fields?: FieldRules | ((ctx: Context) => FieldRules)
  /** The rows that there are for this caller. It joins every question, and no write moves a row out of it. `{ and: [] }` is all of them. */
  scope?: (ctx: Context) => Where
  /** Paths that may be filtered by, as far as the caller may read them: `'age'`, `'author.country'`. @default none */
  filterable?: readonly string[]
  /** Fields that may be sorted by. @default none */
  sortable?: readonly string[]
  /** Paths of texts that `q` looks through. @default none */
  searchable?: readonly string[]
  /** Relations whose rows may be had along: `'author'`, `'author.books'`. @default none */
  includable?: readonly string[]
  /** The rules of the rows that relations lead to; a function, where they are made later. A relation that is not here is closed. */
  relations?: Readonly<Record<string, Rules | (() => Rules)>>
}

/** The rules of one collection, held against its store when the resource is made. */
export class RuleBook {
  readonly store: Store
  readonly rules: Rules
  readonly #where: string
  readonly #related = new Map<string, RuleBook>()
  #grant: Grant | undefined
  /** Checks of a whole row, and of a part of one. */
  readonly whole: Check
  readonly part: Check
  /** The fields that may be `null`. */
  readonly nullable: ReadonlySet<string>

  /** @throws TypeError with a sentence that names the option */
  constructor(store: Store, rules: Rules, where: string) {
    this.store = store
    this.rules = rules
    this.#where = where
    const { schema } = store
    this.whole = compile(schema, `${where}, schema`)
    this.part = compile({ ...schema, required: [] }, `${where}, schema`)
    const takesNull = (name: string): boolean => {
      const member = compile({ type: 'object', properties: { [name]: schema.properties[name] }, $defs: (schema.$defs ?? {}) as object }, `${where}, schema`)
      return !('faults' in member({ [name]: null }))
    }
    this.nullable = new Set(Object.keys(schema.properties).filter(takesNull))
    const { filterable = [], sortable = [], searchable = [], includable = [], relations = {}, fields } = rules
    for (const name of Object.keys(relations))
      if (!Object.hasOwn(store.relations ?? {}, name)) throw new TypeError(`${where}: '${name}' in 'relations' is no relation of the store.`)
    if (typeof fields === 'object') for (const name of [...(fields.read ?? []), ...(fields.write ?? [])]) this.#known(name)
    const relation = (name: string): Askable | undefined => (Object.hasOwn(relations, name) ? ({} as Askable) : undefined)
    checkAskable({ store, fields: [], filterable, sortable, searchable, includable, relation }, where)
    for (const [name, given] of Object.entries(relations)) if (typeof given !== 'function') this.related(name)
  }

  /** What the caller of a request may do. */
  access(ctx: Context): Access {
    return new Access(this, ctx)
  }

  /** The rules of a relation's rows. */
  related(name: string): RuleBook | undefined {
    const given = Object.hasOwn(this.rules.relations ?? {}, name) ? this.rules.relations?.[name] : undefined
    const relation = this.store.relations?.[name]
    if (!given || !relation) return undefined
    const book = this.#related.get(name) ?? new RuleBook(relation.store, typeof given === 'function' ? given() : given, `${this.#where}, relation '${name}'`)
    this.#related.set(name, book)
    return book
  }

  /** The fields that the caller of a request may read and write. */
  grant(ctx: Context): Grant {
    const { fields } = this.rules
    if (typeof fields === 'function') return grantOf(this.store, fields(ctx))
    this.#grant ??= grantOf(this.store, fields ?? {})
    return this.#grant
  }

  #known(name: string): void {
    if (!Object.hasOwn(this.store.schema.properties, name)) throw new TypeError(`${this.#where}: '${name}' in 'fields' is no field of the schema.`)
  }
}

/** Fields by what may be done with them. */
interface Grant {
  readonly fields: readonly string[]
  readonly writable: ReadonlySet<string>
}

function grantOf({ schema, key, version, modified }: Store, { read, write }: FieldRules): Grant {
  const { properties, required = [] } = schema
  const marks = (name: string): Marks => properties[name] as Marks
  const names = Object.keys(properties)
  const own = new Set([version, modified, ...key.filter((field) => !required.includes(field))])
  return {
    fields: names.filter((name) => (read ? read.includes(name) : marks(name).writeOnly !== true)),
    writable: new Set(names.filter((name) => (write ? write.includes(name) : marks(name).readOnly !== true && !own.has(name)))),
  }
}

type Marks = { readonly readOnly?: unknown; readonly writeOnly?: unknown }

/** What one caller may do with a collection. */
export class Access implements Askable {
  readonly store: Store
  readonly fields: readonly string[]
  /** The fields that the caller may write. */
  readonly writable: ReadonlySet<string>
  readonly filterable: readonly string[]
  readonly sortable: readonly string[]
  readonly searchable: readonly string[]
  readonly includable: readonly string[]
  readonly scope: Where | undefined
  readonly #book: RuleBook
  readonly #ctx: Context

  constructor(book: RuleBook, ctx: Context) {
    const { store, rules } = book
    const { fields, writable } = book.grant(ctx)
    this.store = store
    this.fields = fields
    this.writable = writable
    this.filterable = rules.filterable ?? []
    this.sortable = rules.sortable ?? []
    this.searchable = rules.searchable ?? []
    this.includable = rules.includable ?? []
    this.scope = rules.scope && checkScope(rules.scope(ctx))
    this.#book = book
    this.#ctx = ctx
  }

  relation(name: string): Access | undefined {
    return this.#book.related(name)?.access(this.#ctx)
  }

  /** A new row, as a body describes it. @param over what is laid over the body, whatever the client says */
  created(body: unknown, over: Row): Checked {
    return this.#check(body, over, 'post')
  }

  /**
   * A whole row in place of another. What may be read but not written is taken and dropped, because PUT sends back what GET gave. A field that may be
   * left out is `null` again, or what it is by default; one that the caller cannot read stays as it is.
   */
  replaced(body: unknown, over: Row): Checked {
    const { row, faults } = this.#check(body, over, 'put')
    const reset = [...this.writable].filter((name) => row[name] === undefined && this.fields.includes(name))
    const missing = reset.filter((name) => !this.#book.nullable.has(name) && !faults.some(({ pointer }) => pointer === `/${escaped(name)}`))
    const more = missing.map((name) => ({ pointer: `/${escaped(name)}`, code: 'required', detail: 'is required' }))
    return { row: { ...Object.fromEntries(reset.map((name) => [name, null])), ...row }, faults: [...faults, ...more] }
  }

  /** The part of a row that changes. */
  changed(body: unknown): Checked {
    return this.#check(body, {}, 'patch')
  }

  #check(body: unknown, over: Row, verb: 'post' | 'put' | 'patch'): Checked {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return { row: {}, faults: [{ pointer: '', code: 'type', detail: 'must be object' }] }
    const given: Row = {}
    const faults: Fault[] = []
    for (const [name, value] of Object.entries(body)) {
      if (this.writable.has(name)) given[name] = value
      else if (verb !== 'put' || !this.fields.includes(name))
        faults.push({ pointer: `/${escaped(name)}`, code: 'additionalProperties', detail: 'is not known here' })
    }
    const row: Row = { ...given, ...over }
    const check = verb === 'patch' ? this.#book.part : this.#book.whole
    // The check fills in defaults, so it has a copy.
    const filled = structuredClone(row)
    const verdict = check(filled) as { readonly faults?: readonly Fault[] }
    // What the caller cannot write is not the caller's fault.
    const told = (verdict.faults ?? []).filter(({ pointer }) => pointer === '' || this.writable.has(fieldIn(pointer)))
    faults.push(...told)
    if (verb !== 'patch') for (const name of this.writable) row[name] ??= filled[name] as unknown
    for (const [name, value] of Object.entries(row)) {
      if (value === undefined) delete row[name]
      else if (value !== null && !told.some(({ pointer }) => fieldIn(pointer) === name)) {
        const field = fieldOf(this.store.schema.properties[name])
        const read = field ? readValue(field, value, false) : storable(value)
        if (read !== undefined) row[name] = read
        else
          faults.push({ pointer: `/${escaped(name)}`, code: 'format', detail: field ? `must be of kind ${field.kind}` : 'must hold texts that can be stored' })
      }
    }
    return { row, faults }
  }
}

/** A row that was read from a body, and what is wrong with it. */
export interface Checked {
  readonly row: Row
  readonly faults: readonly Fault[]
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** The field that a pointer leads into. */
export const fieldIn = (pointer: string): string => (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~')

// A text with either of these cannot be stored everywhere.
function storable(value: unknown): unknown {
  if (typeof value === 'string') return /[\0\p{Surrogate}]/u.test(value) ? undefined : value
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value).some(([name, inner]) => storable(name) === undefined || storable(inner) === undefined) ? undefined : value
}

// A rule without a value would be no rule.
function checkScope(where: Where): Where {
  if (typeof where !== 'object' || where === null) throw new TypeError('A scope is a condition; { and: [] } means all rows.')
  if ('and' in where) where.and.forEach(checkScope)
  else if ('or' in where) where.or.forEach(checkScope)
  else if ('not' in where) checkScope(where.not)
  else if ('relation' in where) checkScope(where.where)
  else if (
    where.value === undefined ||
    where.value === null ||
    (Array.isArray(where.value) && where.value.some((value) => value === undefined || value === null))
  )
    throw new TypeError(`The scope asks '${where.field}' for nothing: a condition needs a value.`)
  return where
}
