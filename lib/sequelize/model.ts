// Model: a Sequelize model becomes a whole definition: a store over it, crud() over that, and the rows that its rows lead to below them.
import type { CollectionOptions, Operation } from '../collection.js'
import type { Context } from '../context.js'
import { type Around, type CrudDefinition, type CrudOptions, crud } from '../crud.js'
import type { Rules } from '../rules.js'
import type { Store } from '../store.js'
import { nest } from './nested.js'
import type { AnyModel } from './schema.js'
import { type ModelStoreOptions, modelStore } from './store.js'

/** What {@link model} opens of a model, and how. */
export interface ModelOptions extends Omit<ModelStoreOptions, 'relations'>, Omit<CollectionOptions, 'relations'> {
  /** The operations that there are. @default all */
  operations?: readonly Operation[]
  /** Rings around single operations. */
  around?: Partial<Record<Operation, Around>>
  /**
   * The associations that are open, with the options of the models they lead to: their columns, their row rules. The same object may be what that
   * model's own resource is made with; a function, where it is made later. An association that is not here is closed.
   */
  relations?: Readonly<Record<string, ModelOptions | (() => ModelOptions)>>
  /**
   * Associations whose rows have paths below a row: `/authors/1/books`. Rows of a hasMany are created, changed and removed there; those of a
   * belongsToMany are linked by PUT and unlinked by DELETE.
   */
  nested?: Readonly<Record<string, ModelOptions | (() => ModelOptions)>>
}

/**
 * Makes a definition of a Sequelize model. Closed unless opened, as {@link crud} is.
 *
 * @example
 * app.use(resource('books', model(Book, {
 *   filterable: ['title', 'author.country'],
 *   sortable: ['title'],
 *   includable: ['author'],
 *   relations: { author: { only: ['id', 'name', 'country'] } },
 * })))
 * @throws TypeError with a sentence that names the option that is wrong
 */
export function model(Model: AnyModel, options: ModelOptions = {}): CrudDefinition {
  const { nested = {} } = options
  const paths = Object.entries(nested).map(([name, given]) => nest(Model, name, storeFor(Model, options), options, optionsOf(given), storeFor))
  return Object.assign(crud(storeFor(Model, options), crudOptions(options)), ...paths) as CrudDefinition
}

const optionsOf = (given: ModelOptions | (() => ModelOptions)): ModelOptions => (typeof given === 'function' ? given() : given)

const stores = new WeakMap<AnyModel, WeakMap<ModelOptions, Store>>()

// One store for one model and one object of options, so that models that lead in circles come to an end.
function storeFor(Model: AnyModel, options: ModelOptions): Store {
  const known = stores.get(Model) ?? new WeakMap<ModelOptions, Store>()
  stores.set(Model, known)
  let store = known.get(options)
  if (!store) {
    const { only, exclude = [], reveal = [], writable = [], url = {}, relations = {} } = options
    const related = Object.entries(relations).map(([name, given]) => [name, () => storeFor(Model.associations[name]?.target as AnyModel, optionsOf(given))])
    store = modelStore(Model, { ...(only && { only }), exclude, reveal, writable, url, relations: Object.fromEntries(related) })
    known.set(options, store)
  }
  return store
}

/** The options of crud() among those of a model. */
export function crudOptions({ operations, only: _, exclude: __, reveal: ___, writable: ____, url: _____, nested: ______, relations = {}, ...rest }: ModelOptions): CrudOptions {
  return {
    ...rest,
    ...(operations && { only: operations }),
    relations: Object.fromEntries(Object.entries(relations).map(([name, given]) => [name, () => rulesOf(optionsOf(given))])),
  }
}

function rulesOf({ fields, scope, filterable, sortable, searchable, includable, relations = {} }: ModelOptions): Rules {
  return {
    ...(fields && { fields }),
    ...(scope && { scope }),
    ...(filterable && { filterable }),
    ...(sortable && { sortable }),
    ...(searchable && { searchable }),
    ...(includable && { includable }),
    relations: Object.fromEntries(Object.entries(relations).map(([name, given]) => [name, () => rulesOf(optionsOf(given))])),
  }
}

export type { Context }
