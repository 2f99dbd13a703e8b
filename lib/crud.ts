// Crud: a store becomes a definition with list, read, set, create, replace, patch, remove and search: a resource like any other, to be mixed with more.
import { Collection, type CollectionOptions, type Operation, operations } from './collection.js'
import type { Context } from './context.js'
import type { Endpoint } from './endpoint.js'
import { notFound } from './problem.js'
import { list, read, search, set } from './reads.js'
import type { StandardSchema } from './schema.js'
import type { Store } from './store.js'
import { create, patch, remove, replace } from './writes.js'

/** A ring around one operation. `next()` does it and gives its Reply; a ring may change the request before, and the Reply after. */
export type Around = (ctx: Context, next: () => Promise<unknown>) => unknown

/** What {@link crud} opens of a store, and how. */
export interface CrudOptions extends CollectionOptions {
  /** The operations that there are. @default all */
  only?: readonly Operation[]
  /** The operations that there are not. @default none */
  except?: readonly Operation[]
  /** Rings around single operations. */
  around?: Partial<Record<Operation, Around>>
}

type AnyEndpoint = Endpoint<Record<string, string>>

/** What {@link crud} makes: a definition with the verbs of the operations that are open. */
export type CrudDefinition = { get?: AnyEndpoint; query?: AnyEndpoint; post?: AnyEndpoint } & {
  '/:id'?: { get?: AnyEndpoint; put?: AnyEndpoint; patch?: AnyEndpoint; delete?: AnyEndpoint }
}

/**
 * Makes a definition of a store: `GET /`, `QUERY /`, `POST /`, and for one row `GET`, `PUT`, `PATCH`, `DELETE /:id`; `GET /1;3;15` for a set.
 * Closed unless opened: nothing is filtered, sorted, searched or included that is not listed, and nothing unknown is written.
 *
 * @example
 * app.use(resource('books', crud(books, {
 *   filterable: ['title', 'author.country'],
 *   sortable: ['title'],
 *   scope: (ctx) => ({ field: 'shop', op: 'eq', value: ctx.user.shop }),
 *   relations: { author: authorRules },
 * })))
 * @throws TypeError with a sentence that names the option that is wrong
 */
export function crud(store: Store, options: CrudOptions = {}): CrudDefinition {
  const { only = operations, except = [], around = {}, ...rest } = options
  for (const [name, names] of Object.entries({ only, except, around: Object.keys(around) })) {
    const odd = names.find((operation) => !operations.includes(operation as Operation))
    if (odd !== undefined) throw new TypeError(`crud(): '${odd}' in '${name}' is no operation; ${operations.join(', ')} are.`)
  }
  const collection = new Collection(store, rest)
  const open = (operation: Operation): boolean => only.includes(operation) && !except.includes(operation)
  const run = (operation: Operation): ((ctx: Context) => unknown) => {
    const work = (ctx: Context): Promise<unknown> => works[operation](collection, ctx)
    const ring = around[operation]
    return ring ? (ctx) => ring(ctx, () => work(ctx)) : work
  }
  const row = rowSchema(store, options.includable)
  const one = { response: { body: row }, output: 'trust' } as const
  const rows = { response: { body: listSchema(row, options) }, output: 'trust' } as const
  const root = {
    ...(open('list') && { get: { ...rows, summary: 'List', handler: run('list') } }),
    ...(open('search') && { query: { ...rows, summary: 'Search', request: { body: given({ type: 'object' }) }, handler: run('search') } }),
    ...(open('create') && { post: { ...one, summary: 'Create', request: { body: given(rowOrRows(row)) }, handler: run('create') } }),
  }
  // A row and a set stand under one path: what is between the slashes decides.
  const readOne = open('read') ? run('read') : undefined
  const readSet = open('set') ? run('set') : undefined
  const readOrSet = (ctx: Context): unknown => {
    const operation = collection.keys.read(ctx).set ? readSet : readOne
    if (!operation) throw notFound()
    return operation(ctx)
  }
  const item = {
    ...((readOne || readSet) && { get: { ...one, summary: 'Read', handler: readOrSet } }),
    ...(open('replace') && { put: { ...one, summary: 'Replace', request: { body: given(row) }, handler: run('replace') } }),
    ...(open('patch') && { patch: { ...one, summary: 'Change', request: { body: given({ anyOf: [row, { type: 'array' }] }) }, handler: run('patch') } }),
    ...(open('remove') && { delete: { summary: 'Remove', handler: run('remove') } }),
  }
  return { ...root, ...(Object.keys(item).length > 0 && { '/:id': item }) } as CrudDefinition
}

const works = { list, read, set, create, replace, patch, remove, search } satisfies Record<
  Operation,
  (collection: Collection, ctx: Context) => Promise<unknown>
>

const rowOrRows = (row: object): object => ({ anyOf: [row, { type: 'array', items: row }] })

// Told to mappers whose formats know only text, and to documents. What a caller may write is known with the request only, and checked there.
function given(schema: object): StandardSchema {
  return {
    '~standard': {
      version: 1,
      vendor: 'express-trestle',
      validate: (value) => (value === undefined ? { issues: [{ message: 'a body is required' }] } : { value }),
      jsonSchema: { input: () => schema, output: () => schema },
    },
  }
}

// A row as it is shown: any of its fields, and what is open of what it leads to.
function rowSchema({ schema, relations = {} }: Store, includable: readonly string[] = []): object {
  const open = new Set(includable.map((path) => path.split('.', 1)[0]))
  const shown = Object.entries(schema.properties).filter(([, member]) => (member as { writeOnly?: unknown }).writeOnly !== true)
  const led = Object.entries(relations)
    .filter(([name]) => open.has(name))
    .map(([name, { many }]) => [name, { type: many ? 'array' : ['object', 'null'] }])
  const { $defs } = schema as { $defs?: object }
  return { type: 'object', properties: Object.fromEntries([...shown, ...led]), additionalProperties: false, ...($defs && { $defs }) }
}

function listSchema(row: object, { envelope = 'objects' }: CrudOptions): object {
  const objects = { type: 'array', items: row }
  if (envelope === 'none') return objects
  if (typeof envelope === 'function') return {}
  const link = { type: ['string', 'object', 'null'] }
  const meta = {
    type: 'object',
    properties: { total: { type: 'integer' }, estimated: { const: true }, limit: { type: 'integer' }, offset: { type: 'integer' }, next: link, previous: link },
    required: ['limit', 'next', 'previous'],
  }
  return { type: 'object', properties: { objects, meta }, required: ['objects', 'meta'] }
}
