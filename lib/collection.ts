// Collection: a store, and how it is asked and changed: its rules, its keys, its pages, the form of its answers. What reads.ts and writes.ts work on.
import { Complaints } from './askable.js'
import type { Context } from './context.js'
import { Keys } from './keys.js'
import type { Meta, PageOptions } from './page.js'
import { tagOf } from './precondition.js'
import { badRequest, type Headers } from './problem.js'
import { type AskOptions, type QueryLimits, queryLimits } from './query.js'
import { type Access, RuleBook, type Rules } from './rules.js'
import type { Counting, Key, Row, Selection, Store, StoreOptions } from './store.js'
import { toWire } from './wire.js'

/** What can be done with a collection. */
export const operations = ['list', 'read', 'set', 'create', 'replace', 'patch', 'remove', 'search'] as const

/** One of {@link operations}. */
export type Operation = (typeof operations)[number]

/** What was done to one row, told after it is certain. */
export interface CrudEvent {
  readonly operation: 'create' | 'replace' | 'patch' | 'remove'
  readonly key: Key
  /** The row as it is now, whole; `undefined` where it was removed. */
  readonly row: Row | undefined
  readonly ctx: Context
}

/** One page of rows, for an envelope of your own. */
export interface EnvelopeOf {
  readonly objects: readonly Row[]
  /** `undefined` for a set, and for several rows that were created. */
  readonly meta: Meta | undefined
  readonly ctx: Context
}

/** How a collection is asked and changed. */
export interface CollectionOptions extends Rules, PageOptions {
  /** The order where the client names none: `['-created', 'name']`. @default by key */
  sort?: readonly string[]
  /** How much one request may ask for. */
  limits?: QueryLimits
  /** Query parameters that somebody else reads. @default ['format'] */
  reserved?: readonly string[]
  /** How rows are counted where the client does not say. @default 'exact' */
  count?: Counting
  /** Whether `meta.etags` of a list tells the entity tag of each row, for changes that must name one. @default false */
  etags?: boolean
  /** What a list goes out in: `{ objects, meta }`, a bare list, or what a function makes of it. @default 'objects' */
  envelope?: 'objects' | 'none' | ((list: EnvelopeOf) => unknown)
  /** Changes and removals must say which state of the row they mean, by `If-Match` or `If-Unmodified-Since`: 428. @default false */
  requireMatch?: boolean
  /** PUT creates the row where there is none. @default false */
  upsert?: boolean
  /** What is written into each new row, whatever the client says: its owner, say. */
  stamp?: (ctx: Context) => Row
  /** Told of each row that was created, changed or removed, after it is certain. What it throws is a warning of the process: the answer stands. */
  events?: (event: CrudEvent) => void
}

/** A store under one set of rules. */
export class Collection {
  readonly store: Store
  readonly book: RuleBook
  readonly keys: Keys
  readonly options: CollectionOptions
  readonly ask: AskOptions

  /** @throws TypeError with a sentence that names the option that is wrong */
  constructor(store: Store, options: CollectionOptions) {
    checkOptions(options)
    this.store = store
    this.book = new RuleBook(store, options, 'crud()')
    this.ask = { limits: { ...queryLimits, ...options.limits }, reserved: options.reserved ?? ['format'], sort: options.sort ?? [] }
    this.keys = new Keys(store, this.ask.limits.list, 'crud()')
    this.options = options
  }

  /** What every call of the store is given. */
  with(ctx: Context): StoreOptions {
    return { signal: ctx.signal }
  }

  /** @throws Problem 400 where the query string is too long */
  checkLength({ req }: Context): void {
    const { length } = this.ask.limits
    const mark = req.url.indexOf('?')
    if (mark >= 0 && req.url.length - mark - 1 > length) throw badRequest(`The query is longer than ${length} characters; QUERY takes it in a body.`)
  }

  /** @throws Problem 400 where there is a query parameter that is not reserved */
  noParameters(ctx: Context): void {
    const complaints = new Complaints()
    for (const name of Object.keys(ctx.query)) if (!this.ask.reserved.includes(name)) complaints.add({ parameter: name }, 'unknown', 'is no parameter here')
    complaints.raise()
  }

  /** The header fields that say which state of a row an answer shows. */
  validators(ctx: Context, row: Row, access: Access): Headers {
    const { modified } = this.store
    const changed = modified === undefined ? Number.NaN : Date.parse(String(toWire(row[modified])))
    return {
      ETag: tagOf(row, this.store, access.fields, ctx.req.headers.accept),
      ...(!Number.isNaN(changed) && { 'Last-Modified': new Date(changed).toUTCString() }),
    }
  }

  /** Rows as a list goes out. */
  enveloped(ctx: Context, objects: readonly Row[], meta: Meta | undefined): unknown {
    const { envelope = 'objects' } = this.options
    if (typeof envelope === 'function') return envelope({ objects, meta, ctx })
    return envelope === 'none' ? objects : meta ? { objects, meta } : { objects }
  }

  /** Tells that a row was created, changed or, where there is none any more, removed. */
  tell(operation: CrudEvent['operation'], ctx: Context, key: Key, row: Row | undefined): void {
    try {
      this.options.events?.({ operation, key, row, ctx })
    } catch (error) {
      process.emitWarning(error as Error)
    }
  }
}

function checkOptions({ limits = {}, pageSize, maxPageSize, paging, secret, envelope, etags, count, reserved, sort }: CollectionOptions): void {
  const wrong = (name: string, needs: string): never => {
    throw new TypeError(`crud(): '${name}' needs ${needs}.`)
  }
  for (const [name, value] of Object.entries({ ...limits, pageSize, maxPageSize }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) wrong(name, 'a whole number from 1 on')
  for (const name of Object.keys(limits))
    if (!(name in queryLimits)) throw new TypeError(`crud(): '${name}' in 'limits' is no limit; ${Object.keys(queryLimits).join(', ')} are.`)
  if (paging !== undefined && paging !== 'offset' && paging !== 'cursor') wrong('paging', "'offset' or 'cursor'")
  if (secret !== undefined && (typeof secret !== 'string' || secret.length < 16)) wrong('secret', 'a text of 16 characters at least')
  if (envelope !== undefined && envelope !== 'objects' && envelope !== 'none' && typeof envelope !== 'function')
    wrong('envelope', "'objects', 'none' or a function")
  if (etags !== undefined && typeof etags !== 'boolean') wrong('etags', 'true or false')
  if (count !== undefined && count !== 'exact' && count !== 'estimated' && count !== 'none') wrong('count', "'exact', 'estimated' or 'none'")
  for (const [name, list] of Object.entries({ reserved, sort })) if (list !== undefined && !Array.isArray(list)) wrong(name, 'a list of names')
}

/** The fields that were asked for, and what was included under the name of its relation. */
export function shown(row: Row, { fields, include = {} }: Selection): Row {
  return pick(row, [...(fields ?? []), ...Object.keys(include)])
}

/** Some members of a row. */
export function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.filter((name) => row[name] !== undefined).map((name) => [name, row[name]]))
}
