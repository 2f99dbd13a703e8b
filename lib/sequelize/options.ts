// Options: what a model's resource is made with, and what of it goes to its store and to crud().
import type { CollectionOptions, Operation } from '../collection.js'
import type { Around, CrudOptions } from '../crud.js'
import type { Rules } from '../rules.js'
import type { Store } from '../store.js'
import type { AnyModel } from './schema.js'
import { type ModelStoreOptions, modelStore } from './store.js'

/** What `model()` opens of a Sequelize model, and how. */
export interface ModelOptions extends Omit<ModelStoreOptions, 'relations'>, Omit<CollectionOptions, 'relations'> {
  /** The operations that there are. @default all */
  operations?: readonly Operation[]
  /** Rings around single operations. */
  around?: Partial<Record<Operation, Around>>
  /**
   * The associations that are open, with the options of the models they lead to: their columns, their row rules. The same object may be what that
   * model's own resource is made with; a function, where it is made later. An association that is not here is closed.
   */
  relations?: Readonly<Record<string, Given>>
  /**
   * Associations whose rows have paths below a row: `/authors/1/books`. Rows of a hasMany are created, changed and removed there; those of a
   * belongsToMany are linked by PUT and unlinked by DELETE.
   */
  nested?: Readonly<Record<string, Given>>
}

/** Options, now or later. */
export type Given = ModelOptions | (() => ModelOptions)

/** Options that may be made later. */
export const optionsOf = (given: Given): ModelOptions => (typeof given === 'function' ? given() : given)

const stores = new WeakMap<AnyModel, WeakMap<ModelOptions, Store>>()

/** The store of a model: the same for the same object of options, so that models which lead in circles come to an end. */
export function storeFor(model: AnyModel, options: ModelOptions): Store {
  const known = stores.get(model) ?? new WeakMap<ModelOptions, Store>()
  stores.set(model, known)
  let store = known.get(options)
  if (!store) {
    const { only, exclude = [], reveal = [], writable = [], url = {}, relations = {} } = options
    const targets = Object.entries(relations).map(([name, given]) => [name, () => storeFor(model.associations[name]?.target as AnyModel, optionsOf(given))])
    store = modelStore(model, { ...(only && { only }), exclude, reveal, writable, url, relations: Object.fromEntries(targets) })
    known.set(options, store)
  }
  return store
}

/** What of the options is for crud(). */
export function crudOptionsOf(options: ModelOptions): CrudOptions {
  const { operations, relations = {}, only: _only, exclude: _exclude, reveal: _reveal, writable: _writable, url: _url, nested: _nested, ...rest } = options
  return { ...rest, ...(operations && { only: operations }), relations: rulesBy(relations) }
}

const rulesBy = (relations: NonNullable<ModelOptions['relations']>): NonNullable<Rules['relations']> =>
  Object.fromEntries(Object.entries(relations).map(([name, given]) => [name, () => rulesOf(optionsOf(given))]))

function rulesOf({ fields, scope, filterable = [], sortable = [], searchable = [], includable = [], relations = {} }: ModelOptions): Rules {
  return { ...(fields && { fields }), ...(scope && { scope }), filterable, sortable, searchable, includable, relations: rulesBy(relations) }
}
