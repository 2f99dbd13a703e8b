// Model: a Sequelize model becomes a whole definition: a store over it, crud() over that, and below each row the rows that it leads to.
import { type CrudDefinition, crud } from '../crud.js'
import { nest } from './nested.js'
import { crudOptionsOf, type ModelOptions, optionsOf, storeFor } from './options.js'
import type { AnyModel } from './schema.js'

/**
 * Makes a definition of a Sequelize model. Closed unless opened, as `crud()` is.
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
  const own = crud(storeFor(Model, options), crudOptionsOf(options))
  return Object.assign(own, ...Object.entries(nested).map(([name, given]) => nest(Model, name, options, optionsOf(given))))
}
