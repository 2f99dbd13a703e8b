// Store: a collection of rows that can be asked and changed. The contract that memory and the databases keep alike; spec/contracts/store.ts holds them to it.
import type { ObjectSchema, Scalar } from './value.js'
import type { Edge, Sort, Where } from './where.js'

/** One row, by field name: wire data as the store's schema says. A `Date` may stand for `date-time` text. */
export type Row = Record<string, unknown>

/** The key of one row, by field name. @example { row: 7, seat: 12 } */
export type Key = Readonly<Record<string, Scalar>>

/** Rows, and how to get at them. Whoever calls has already typed every value and settled what may be asked; a store decides nothing about rights. */
export interface Store<R extends Row = Row> {
  /** The fields of the key, in the order in which a path spells them. */
  readonly key: readonly string[]
  /** A row in JSON Schema, closed; what the store itself sets is `readOnly`. */
  readonly schema: ObjectSchema
  /** A `readOnly` field that holds another value after each update: a counter, say. It makes the entity tags, and preconditions on it are part of the statement. */
  readonly version?: string | undefined
  /** A field that holds when the row was last changed. */
  readonly modified?: string | undefined
  /** What rows lead to, by name; the names differ from the fields'. */
  readonly relations?: Readonly<Record<string, Relation>> | undefined
  /** The rows of one page, in order. */
  find(query: StoreQuery, options?: StoreOptions): Promise<Page<R>>
  /** One row, `undefined` where there is none. */
  get(target: Target, select?: Selection, options?: StoreOptions): Promise<R | undefined>
  /**
   * Adds all rows or none, and gives them back whole, in order.
   * @throws Problem 409, 403 …; the pointers of its `errors` start with the place of the row: `/0/name`
   */
  create(rows: readonly Row[], options?: WriteOptions): Promise<R[]>
  /**
   * Changes the fields given, and gives the row back whole; `undefined` where the target matches none.
   * @throws Problem 409, 403 …; with pointers such as `/name`
   */
  update(target: Target, changes: Row, options?: WriteOptions): Promise<R | undefined>
  /** Takes one row away; `false` where the target matches none. @throws Problem 409 where other rows need it */
  remove(target: Target, options?: StoreOptions): Promise<boolean>
  /** Runs some work that happens as a whole or not at all, and does not mix with other work. What it is given goes into each call as `options`. */
  transaction<T>(work: (options: StoreOptions) => Promise<T>): Promise<T>
}

/** Where rows of one store lead. */
export interface Relation {
  /** The store of the related rows. A getter, where two stores lead to each other. */
  readonly store: Store
  /** Whether a row leads to a list of rows, or to one or none. */
  readonly many: boolean
}

/** What every call may be given. */
export interface StoreOptions {
  /** The transaction that the call belongs to, as {@link Store.transaction} gave it. */
  transaction?: unknown
  /** Nobody else changes the rows that were read before this transaction is over. */
  lock?: boolean | undefined
  /** Aborts when nobody waits for the answer any longer. */
  signal?: AbortSignal | undefined
}

/** What a write may be given. */
export interface WriteOptions extends StoreOptions {
  /** What must hold of the row afterwards, or nothing is written and a 403 is thrown: nothing moves out of its scope. */
  check?: Where | undefined
}

/** One row, and what must hold of it, in the same statement that reads or changes it: the row rule, and the precondition. */
export interface Target {
  readonly key: Key
  readonly where?: Where | undefined
}

/** What is asked of a whole collection. */
export interface StoreQuery {
  readonly where?: Where | undefined
  /** The order. It ends with the key, so that no two rows are in the same place. */
  readonly sort: readonly Sort[]
  readonly page: OffsetPage | CursorPage
  /** Whether the page tells how many rows there are in all: counted, guessed where that is cheaper, or not. */
  readonly count: Counting
  readonly select?: Selection | undefined
}

/** How much a total is worth to the client (`Prefer: count=…`). */
export type Counting = 'exact' | 'estimated' | 'none'

/** A page that starts so many rows from the start. */
export interface OffsetPage {
  readonly limit: number
  readonly offset: number
}

/** A page that starts behind an edge, or ends in front of one. */
export interface CursorPage {
  readonly limit: number
  readonly after?: Edge | undefined
  readonly before?: Edge | undefined
}

/** What is wanted of each row. */
export interface Selection {
  /** The fields. @default all that the schema has */
  readonly fields?: readonly string[] | undefined
  /** The related rows that stand in the row under the name of the relation: a list, or one, or `null`. */
  readonly include?: Readonly<Record<string, Include>> | undefined
}

/** What is wanted of related rows. For a list, `sort` ends with the key and `limit` counts for each parent by itself. */
export interface Include extends Selection {
  readonly where?: Where | undefined
  readonly sort?: readonly Sort[] | undefined
  readonly limit?: number | undefined
}

/** Some rows in order, and where they stand among all. */
export interface Page<R extends Row = Row> {
  readonly rows: R[]
  /** Whether there are further rows behind these; in front of them, where the page was asked for by `before`. */
  readonly more: boolean
  /** Where the first and the last row stand, in full precision; `undefined` where there are no rows. */
  readonly first?: Edge | undefined
  readonly last?: Edge | undefined
  /** How many rows there are in all, unless `count` was `'none'`. */
  readonly total?: { readonly value: number; readonly exact: boolean } | undefined
}
