// Memory: a store whose rows stand in an array. For prototypes, specs and small fixed lists; it keeps the same contract as the databases.
import { randomUUID } from 'node:crypto'
import { clash, clashOf, pointed, type Validator } from '../clash.js'
import { edgeComparer, edgeOf, matcher, project, type RelatedRows, type RowShape, sorted } from '../match.js'
import { badRequest, forbidden } from '../problem.js'
import type { Key, Page, Relation, Row, Selection, Store, StoreOptions, StoreQuery, Target, WriteOptions } from '../store.js'
import { type Field, fieldOf, type ObjectSchema, type Scalar } from '../value.js'
import type { Where } from '../where.js'

/** How rows of one memory store lead to rows of another. */
export interface MemoryRelation {
  /** The store that the related rows are in; a function, where it is made later. */
  readonly store: Store | (() => Store)
  /** The field here whose value… */
  readonly from: string
  /** …stands in this field there. @default the key of the other store */
  readonly to?: string
  /** Whether there may be several. @default false */
  readonly many?: boolean
}

/** What {@link memory} has to know of its rows. */
export interface MemoryOptions {
  /** A row in JSON Schema. Defaults are filled in; a field left out is `null`. */
  readonly schema: ObjectSchema
  /** The fields of the key. @default 'id' */
  readonly key?: string | readonly string[]
  /** Makes the key of a new row that comes without one. @default the next number of an integer, a random uuid */
  readonly generate?: () => Scalar
  /** An integer field that counts the changes of a row. @default none */
  readonly version?: string
  /** A date-time field that is set to now with each change. @default none */
  readonly modified?: string
  /** What rows lead to, by name. */
  readonly relations?: Readonly<Record<string, MemoryRelation>>
  /** Rules for a row among all others, such as `uniqueTogether()`. */
  readonly validators?: readonly Validator[]
}

/**
 * A store over an array. The array is copied: what the store does is not seen in it.
 * @example const books = memory([{ id: 1, title: 'Emma' }], { schema: book, validators: [uniqueTogether('title')] })
 * @throws TypeError where an option names a field that the schema does not have
 */
export function memory(rows: readonly Row[], options: MemoryOptions): Store {
  return new Memory(rows, options)
}

type Rows = Map<string, Row>

class Memory implements Store {
  readonly key: readonly string[]
  readonly schema: ObjectSchema
  readonly version: string | undefined
  readonly modified: string | undefined
  readonly relations: Readonly<Record<string, Relation>>
  readonly #fields: ReadonlyMap<string, Field>
  readonly #links: Readonly<Record<string, MemoryRelation>>
  readonly #generate: () => Scalar | undefined
  readonly #validators: readonly Validator[]
  #rows: Rows = new Map()
  #last = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(rows: readonly Row[], { schema, key = 'id', generate, version, modified, relations = {}, validators = [] }: MemoryOptions) {
    this.key = typeof key === 'string' ? [key] : key
    this.schema = schema
    this.version = version
    this.modified = modified
    const named = [...this.key, version, modified, ...Object.values(relations).map(({ from }) => from)]
    const missing = named.find((name) => name !== undefined && !Object.hasOwn(schema.properties, name))
    if (missing !== undefined) throw new TypeError(`memory(): the schema has no field '${missing}'.`)
    this.#fields = new Map(Object.entries(schema.properties).flatMap(([name, member]) => (fieldOf(member) ? [[name, fieldOf(member) as Field]] : [])))
    this.#links = relations
    this.relations = Object.fromEntries(Object.entries(relations).map(([name, link]) => [name, relationOf(link)]))
    this.#validators = validators
    const kind = this.key.length === 1 ? this.#fields.get(this.key[0] as string)?.kind : undefined
    this.#generate = generate ?? (() => (kind === 'integer' ? ++this.#last : kind === 'uuid' ? randomUUID() : undefined))
    this.#insert(this.#rows, rows, undefined)
  }

  async find({ where, sort, page, count, select = {} }: StoreQuery, options: StoreOptions = {}): Promise<Page> {
    options.signal?.throwIfAborted()
    const shape = this.#shape()
    const found = sorted([...this.#seen(options).values()].filter(matcher(where, shape)), sort, shape)
    const compare = edgeComparer(sort, shape)
    let rows: Row[]
    let more: boolean
    if ('offset' in page) {
      rows = found.slice(page.offset, page.offset + page.limit)
      more = found.length > page.offset + page.limit
    } else if (page.before) {
      const { before, limit } = page
      const front = found.filter((row) => compare(edgeOf(row, sort), before) < 0)
      rows = front.slice(Math.max(0, front.length - limit))
      more = front.length > limit
    } else {
      const { after, limit } = page
      const behind = after ? found.filter((row) => compare(edgeOf(row, sort), after) > 0) : found
      rows = behind.slice(0, limit)
      more = behind.length > limit
    }
    const [first] = rows
    const last = rows.at(-1)
    return {
      rows: project(rows, this.#selection(select), shape),
      more,
      first: first && edgeOf(first, sort),
      last: last && edgeOf(last, sort),
      total: count === 'none' ? undefined : { value: found.length, exact: true },
    }
  }

  async get(target: Target, select: Selection = {}, options: StoreOptions = {}): Promise<Row | undefined> {
    options.signal?.throwIfAborted()
    const row = this.#pick(this.#seen(options), target)
    return row && project([row], this.#selection(select), this.#shape())[0]
  }

  create(rows: readonly Row[], options: WriteOptions = {}): Promise<Row[]> {
    return this.#write(options, (all) => this.#copies(this.#insert(all, rows, options.check)))
  }

  update(target: Target, changes: Row, options: WriteOptions = {}): Promise<Row | undefined> {
    return this.#write(options, (all) => {
      const before = this.#pick(all, target)
      if (!before) return undefined
      const row = { ...before, ...wire(changes), ...this.#stamps((before[this.version ?? ''] as number | undefined) ?? 0) }
      this.#check(all, row, before, '', options.check)
      const id = this.#idOf(row)
      if (id !== this.#idOf(before)) {
        if (all.has(id)) throw clash(this.key.map(clashOf), '')
        all.delete(this.#idOf(before))
      }
      all.set(id, row)
      return this.#copies([row])[0]
    })
  }

  remove(target: Target, options: StoreOptions = {}): Promise<boolean> {
    return this.#write(options, (all) => {
      const row = this.#pick(all, target)
      return row !== undefined && all.delete(this.#idOf(row))
    })
  }

  transaction<T>(work: (options: StoreOptions) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      const copy: Rows = new Map(this.#rows)
      const result = await work({ transaction: copy })
      this.#rows = copy
      return result
    })
  }

  // One after the other: a transaction keeps other writers waiting, while readers go on seeing what was there before it.
  #alone<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #write<T>({ transaction, signal }: StoreOptions, change: (rows: Rows) => T): Promise<T> {
    signal?.throwIfAborted()
    return transaction instanceof Map ? change(transaction) : this.#alone(() => change(this.#rows))
  }

  #insert(all: Rows, rows: readonly Row[], check: Where | undefined): Row[] {
    const added: Row[] = []
    try {
      for (const given of rows) {
        const row = this.#complete(given, `/${added.length}`)
        if (all.has(this.#idOf(row))) throw clash(this.key.map(clashOf), `/${added.length}`)
        this.#check(all, row, undefined, `/${added.length}`, check)
        all.set(this.#idOf(row), row)
        added.push(row)
      }
    } catch (error) {
      for (const row of added) all.delete(this.#idOf(row))
      throw error
    }
    return added
  }

  #complete(given: Row, place: string): Row {
    const row: Row = {}
    for (const [name, member] of Object.entries(this.schema.properties)) {
      row[name] = given[name] ?? (given[name] === undefined ? (member as { default?: unknown }).default : null) ?? null
    }
    const [only] = this.key as [string]
    if (this.key.length === 1) {
      row[only] ??= this.#generate() ?? null
      if (typeof row[only] === 'number') this.#last = Math.max(this.#last, row[only])
    }
    const unset = this.key.filter((field) => row[field] === null)
    if (unset.length > 0) {
      const errors = unset.map((field) => pointed({ field, code: 'required', detail: 'is required' }, place))
      throw badRequest('A new row needs its key.', { members: { errors } })
    }
    return { ...wire(row), ...this.#stamps(0, given) }
  }

  #check(all: Rows, row: Row, before: Row | undefined, place: string, check: Where | undefined): void {
    const others = this.#validators.length > 0 ? [...all.values()].filter((other) => other !== before) : []
    const clashes = this.#validators.flatMap((validator) => validator(row, others))
    if (clashes.length > 0) throw clash(clashes, place)
    if (!matcher(check, this.#shape())(row)) throw forbidden('The row would be out of your reach.')
  }

  // What the store keeps itself; rows that it starts with bring theirs along.
  #stamps(version: number, given: Row = {}): Row {
    const stamps: Row = {}
    if (this.version !== undefined) stamps[this.version] = given[this.version] ?? version + 1
    if (this.modified !== undefined) stamps[this.modified] = wire({ at: given[this.modified] ?? new Date() }).at
    return stamps
  }

  #seen({ transaction }: StoreOptions): Rows {
    return transaction instanceof Map ? transaction : this.#rows
  }

  #pick(rows: Rows, { key, where }: Target): Row | undefined {
    const row = rows.get(this.#idOf(key))
    return row && matcher(where, this.#shape())(row) ? row : undefined
  }

  #copies(rows: readonly Row[]): Row[] {
    return project(rows, {}, this.#shape())
  }

  #selection({ fields = Object.keys(this.schema.properties), include }: Selection): Selection {
    return { fields, include }
  }

  #idOf(row: Key | Row): string {
    return JSON.stringify(this.key.map((field) => row[field]))
  }

  #shape(): RowShape {
    return {
      field: (name) => this.#fields.get(name) ?? fail(`There is no field '${name}' to ask about.`),
      relation: (name) => this.#related(this.#links[name] ?? fail(`There is no relation '${name}'.`)),
    }
  }

  // The other store's rows are sorted into a map once, not looked through for each row here.
  #related({ store, from, to, many = false }: MemoryRelation): RelatedRows {
    const other = typeof store === 'function' ? store() : store
    if (!(other instanceof Memory)) fail('A memory store leads to memory stores only.')
    const field = to ?? (other.key[0] as string)
    const byValue = new Map<unknown, Row[]>()
    for (const row of other.#rows.values()) {
      const list = byValue.get(row[field])
      if (list) list.push(row)
      else byValue.set(row[field], [row])
    }
    return { many, shape: other.#shape(), of: (row) => (row[from] === null ? [] : (byValue.get(row[from]) ?? [])) }
  }
}

function relationOf({ store, many = false }: MemoryRelation): Relation {
  return {
    many,
    get store() {
      return typeof store === 'function' ? store() : store
    },
  }
}

// Rows hold what JSON holds, so that the store compares as every other does.
function wire(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Date
        ? value.toISOString()
        : typeof value === 'bigint'
          ? String(value)
          : typeof value === 'object' && value !== null
            ? structuredClone(value)
            : value,
    ]),
  )
}

function fail(message: string): never {
  throw new TypeError(message)
}
