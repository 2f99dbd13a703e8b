// Store: a Sequelize model as a collection that can be asked and changed. It keeps the same contract as all stores, on SQLite, PostgreSQL and MariaDB.
import type { CursorPage, OffsetPage, Page, Relation, Row, Selection, Store, StoreOptions, StoreQuery, Target, WriteOptions } from '../store.js'
import { fieldOf, type ObjectSchema, readValue } from '../value.js'
import { allOf, type Edge, type Sort, seek, type Where } from '../where.js'
import { conditionOf, rowsBehind } from './condition.js'
import { attempt } from './errors.js'
import { countRows, deliver, edgeOf, query, readRows } from './read.js'
import { type AnyModel, factsOf, type SchemaOptions, schemaOf } from './schema.js'
import { allSql, type Link, linkOf, type ModelAssociation, Table } from './table.js'
import { begin, createRows, removeRow, updateRow, type Writable } from './write.js'

/** What {@link modelStore} may be told. */
export interface ModelStoreOptions extends SchemaOptions {
  /** The stores that associations lead to, by the name of the association. @default a store of the other model without options */
  relations?: Readonly<Record<string, Store | (() => Store)>>
  /** Text columns that name files and go out as URLs, read-only: what stands in front of the name, or a function. @example url: { photo: '/media/' } */
  url?: Readonly<Record<string, string | ((name: string) => string)>>
}

/**
 * A store over a Sequelize model. Make it when the model's associations are made. The model's default scope and `paranoid` hold in every statement;
 * its hooks, validators, getters and virtual attributes work as ever. A `version` attribute makes the entity tags.
 *
 * @example const books = modelStore(Book, { exclude: ['margin'] })
 * @throws TypeError for a database that is not known, a model without a key, and options that name what is not there
 */
export function modelStore(model: AnyModel, options: ModelStoreOptions = {}): Store {
  return new ModelStore(model, options)
}

class ModelStore implements Store, Writable {
  readonly table: Table
  readonly schema: ObjectSchema
  readonly fields: readonly string[]
  readonly shows: ReadonlyMap<string, (value: unknown) => unknown>
  readonly key: readonly string[]
  readonly version: string | undefined
  readonly modified: string | undefined
  readonly #model: AnyModel
  readonly #given: NonNullable<ModelStoreOptions['relations']>
  readonly #links = new Map<string, Link>()
  readonly #stores = new Map<string, ModelStore>()

  constructor(model: AnyModel, { relations = {}, url = {}, ...options }: ModelStoreOptions) {
    this.#model = model
    this.#given = relations
    this.table = new Table(model)
    this.schema = withUrls(schemaOf(model, options), url)
    this.fields = Object.keys(this.schema.properties)
    this.shows = showsOf(model, url)
    this.key = this.table.key
    this.version = factsOf(model)._versionAttribute || undefined
    this.modified = this.fields.find((field) => field === factsOf(model)._timestampAttributes.updatedAt)
    const missing = Object.keys(relations).find((name) => !Object.hasOwn(model.associations, name))
    if (missing !== undefined) throw new TypeError(`modelStore(): ${model.name} has no association '${missing}'.`)
  }

  get relations(): Readonly<Record<string, Relation>> {
    return Object.fromEntries(
      Object.entries(this.#model.associations).map(([name, { associationType }]) => {
        const storeOf = (): Store => this.#storeOf(name)
        const relation: Relation = {
          many: associationType === 'HasMany' || associationType === 'BelongsToMany',
          get store() {
            return storeOf()
          },
        }
        return [name, relation]
      }),
    )
  }

  /** @internal */
  link(name: string): Link {
    let link = this.#links.get(name)
    if (!link) {
      if (!Object.hasOwn(this.#model.associations, name)) throw new TypeError(`${this.#model.name} has no association '${name}'.`)
      link = linkOf(this.#model.associations[name] as unknown as ModelAssociation, this.table, this.#storeOf(name))
      this.#links.set(name, link)
    }
    return link
  }

  #storeOf(name: string): ModelStore {
    let store: Store | undefined = this.#stores.get(name)
    if (!store) {
      const given = this.#given[name]
      store = typeof given === 'function' ? given() : (given ?? new ModelStore(this.#model.associations[name]?.target as AnyModel, {}))
      if (!(store instanceof ModelStore) || store.table.sequelize !== this.table.sequelize)
        throw new TypeError(`modelStore(): '${name}' of ${this.#model.name} needs a store over a model of the same Sequelize instance.`)
      this.#stores.set(name, store)
    }
    return store as ModelStore
  }

  find(asked: StoreQuery, options: StoreOptions = {}): Promise<Page> {
    return this.#attempt(() => this.#find(asked, options))
  }

  get(target: Target, select: Selection = {}, options: StoreOptions = {}): Promise<Row | undefined> {
    return this.#attempt(async () => {
      const where = this.#aim(target)
      const raws = where === undefined ? [] : await readRows(this, select, { where }, options)
      return (await deliver(this, raws, select, options))[0]
    })
  }

  create(rows: readonly Row[], options: WriteOptions = {}): Promise<Row[]> {
    return this.#attempt(() => createRows(this, rows, options))
  }

  update(target: Target, changes: Row, options: WriteOptions = {}): Promise<Row | undefined> {
    return this.#attempt(async () => {
      const where = this.#aim(target)
      return where === undefined ? undefined : updateRow(this, target.key, where, changes, options)
    }, changes)
  }

  remove(target: Target, options: StoreOptions = {}): Promise<boolean> {
    return this.#attempt(async () => {
      const where = this.#aim(target)
      return where !== undefined && removeRow(this, where, options)
    })
  }

  transaction<T>(work: (options: StoreOptions) => Promise<T>): Promise<T> {
    return this.#attempt(() => begin(this.table, (transaction) => work({ transaction })))
  }

  #attempt<T>(work: () => Promise<T>, row?: Row): Promise<T> {
    return attempt({ model: this.table.model, schema: this.schema, row }, work)
  }

  async #find({ where, sort, page, count, select = {} }: StoreQuery, options: StoreOptions): Promise<Page> {
    const all = allSql(this.table.base, conditionOf(where, this))
    const { limit } = page
    const back = 'before' in page && page.before !== undefined
    const order = back ? reversed(sort) : sort
    const offset = 'offset' in page ? page.offset : 0
    // One row more than asked for tells whether others follow.
    const raws = await readRows(this, select, { where: allSql(all, this.#beyond(page, sort)), sort: order, limit: limit + 1, offset }, options)
    const more = raws.length > limit
    const kept = more ? raws.slice(0, limit) : raws
    if (back) kept.reverse()
    const ended = 'offset' in page && !more && (raws.length > 0 || offset === 0)
    const [first] = kept
    const last = kept.at(-1)
    return {
      rows: await deliver(this, kept, select, options),
      more,
      first: first && edgeOf(first, sort),
      last: last && edgeOf(last, sort),
      total: count === 'none' ? undefined : ended ? { value: offset + raws.length, exact: true } : await this.#total(all, count === 'estimated', options),
    }
  }

  #beyond(page: OffsetPage | CursorPage, sort: readonly Sort[]): string | undefined {
    if ('offset' in page) return undefined
    const nullable = (field: string): boolean => this.table.column(field).nullable
    const behind = (order: readonly Sort[], edge: Edge | undefined): string | undefined =>
      edge && (rowsBehind(order, edge, this) ?? conditionOf(seek(order, edge, nullable), this))
    return allSql(behind(sort, page.after), behind(reversed(sort), page.before))
  }

  async #total(where: string | undefined, estimated: boolean, options: StoreOptions): Promise<{ value: number; exact: boolean }> {
    if (estimated && where === undefined && this.table.dialect === 'postgres') {
      const [row] = await query(this.table, `SELECT reltuples AS total FROM pg_class WHERE oid = ${this.table.escape(this.table.sql)}::regclass`, options)
      // It is -1 as long as nobody has analyzed the table.
      if (Number(row?.total) >= 0) return { value: Number(row?.total), exact: false }
    }
    return { value: await countRows(this.table, where, options), exact: true }
  }

  /** The condition for one row; `undefined` where the key cannot be one of this table. */
  #aim({ key, where }: Target): string | undefined {
    const parts: Where[] = []
    for (const name of this.key) {
      const { field } = this.table.column(name)
      const value = field && readValue(field, key[name], false)
      if (value === undefined) return undefined
      parts.push({ field: name, op: 'eq', value })
    }
    return allSql(this.table.base, conditionOf(allOf(...parts, where), this))
  }
}

const urlMember = { type: ['string', 'null'], format: 'uri-reference', readOnly: true }

function withUrls(schema: ObjectSchema, url: NonNullable<ModelStoreOptions['url']>): ObjectSchema {
  const { properties, required = [] } = schema
  const odd = Object.keys(url).find((name) => fieldOf(properties[name])?.kind !== 'text')
  if (odd !== undefined) throw new TypeError(`modelStore(): '${odd}' in 'url' is no text of the schema.`)
  const members = Object.keys(url).map((name) => [name, urlMember])
  return { ...schema, properties: { ...properties, ...Object.fromEntries(members) }, required: required.filter((name) => !Object.hasOwn(url, name)) }
}

function showsOf(model: AnyModel, url: NonNullable<ModelStoreOptions['url']>): Map<string, (value: unknown) => unknown> {
  const shows = new Map<string, (value: unknown) => unknown>()
  for (const [name, { type }] of Object.entries(factsOf(model).rawAttributes))
    if (type.key === 'BLOB') shows.set(name, (value) => (Buffer.isBuffer(value) ? value.toString('base64') : value))
  for (const [name, place] of Object.entries(url)) {
    const encoded = (value: unknown): string => place + String(value).split('/').map(encodeURIComponent).join('/')
    shows.set(name, typeof place === 'function' ? (value) => place(String(value)) : encoded)
  }
  return shows
}

const reversed = (sort: readonly Sort[]): Sort[] => sort.map(({ field, descending }) => ({ field, descending: !descending }))
