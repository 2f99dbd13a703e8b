// Nested: the rows that one row leads to, as a collection below it: /authors/1/books. Whoever may not see the author finds nothing there.
import { ForeignKeyConstraintError, type Model, type ModelStatic, UniqueConstraintError } from 'sequelize'
import { type Operation, operations } from '../collection.js'
import type { Context } from '../context.js'
import { type Around, type CrudOptions, crud } from '../crud.js'
import { notFound } from '../problem.js'
import { Reply } from '../reply.js'
import type { Store } from '../store.js'
import { fieldOf, readValue, type Scalar } from '../value.js'
import { allOf, type Where } from '../where.js'
import { attempt } from './errors.js'
import { crudOptionsOf, type ModelOptions, storeFor } from './options.js'
import type { AnyModel } from './schema.js'
import type { ModelAssociation } from './table.js'
import { inTurn } from './turn.js'

/**
 * The paths of an association below a row.
 * @param options of the model above
 * @param inner of the model that the association leads to
 * @throws TypeError where there is no such association, or one that has no list of rows
 */
export function nest(model: AnyModel, name: string, options: ModelOptions, inner: ModelOptions): object {
  const association = model.associations[name] as unknown as ModelAssociation | undefined
  const refuse = (what: string): never => {
    throw new TypeError(`model(): '${name}' in 'nested' ${what}.`)
  }
  if (!association) return refuse(`is no association of ${model.name}`)
  const { associationType: kind, sourceKey, target } = association
  if (kind !== 'HasMany' && kind !== 'BelongsToMany') return refuse('leads to one row, not to a list')
  const above = new Above(storeFor(model, options), options)
  if (sourceKey !== undefined && sourceKey !== above.key) return refuse(`goes by '${sourceKey}', which is not the key of ${model.name}`)
  const store = storeFor(target, inner)
  const root = `/:parent/${name}`
  const many = kind === 'BelongsToMany'
  const back = many ? (backOf(association) ?? refuse(`needs the association back, from ${target.name} to ${model.name}`)) : undefined
  const belongs = (ctx: Context): Where =>
    back === undefined
      ? { and: [is(association.foreignKey, above.idOf(ctx)), ...Object.entries(association.scope ?? {}).map(([field, value]) => is(field, value as Scalar))] }
      : { relation: back, where: is(above.key, above.idOf(ctx)) }
  const open = (inner.operations ?? operations).filter((operation) => !many || readings.includes(operation))
  const whole = crud(store, {
    ...crudOptionsOf(inner),
    only: open,
    scope: (ctx) => allOf(belongs(ctx), inner.scope?.(ctx)) as Where,
    ...(!many && { stamp: (ctx: Context) => ({ ...inner.stamp?.(ctx), ...association.scope, [association.foreignKey]: above.idOf(ctx) }) }),
    around: Object.fromEntries(open.map((operation) => [operation, above.ring(root, inner.around?.[operation])])),
  } as CrudOptions)
  const { '/:id': item = {}, ...list } = whole
  const links = many ? linking(association, above, store, inner) : {}
  return { ...(Object.keys(list).length > 0 && { [root]: list }), [`${root}/:id`]: { ...item, ...links } }
}

const readings: readonly Operation[] = ['list', 'search', 'read', 'set']

const is = (field: string, value: Scalar): Where => ({ field, op: 'eq', value })

/** The association that leads back over the same rows. */
function backOf({ target, through, otherKey, foreignKey }: ModelAssociation): string | undefined {
  if (through?.scope) return undefined
  const back = Object.entries(target.associations as unknown as Record<string, ModelAssociation>).find(
    ([, one]) => one.through?.model === through?.model && !one.through?.scope && one.foreignKey === otherKey && one.otherKey === foreignKey,
  )
  return back?.[0]
}

/** The row above. */
class Above {
  readonly store: Store
  readonly key: string
  readonly #options: ModelOptions

  constructor(store: Store, options: ModelOptions) {
    this.store = store
    this.key = store.key[0] as string
    this.#options = options
  }

  /** Its key, as the path has it. @throws Problem 404 where it cannot be one */
  idOf({ params }: Context): Scalar {
    return keyIn(this.store, params.parent)
  }

  /** @throws Problem 404 where there is no such row for this caller */
  async check(ctx: Context): Promise<void> {
    const target = { key: { [this.key]: this.idOf(ctx) }, where: this.#options.scope?.(ctx) }
    if (!(await this.store.get(target, { fields: [this.key] }, { signal: ctx.signal }))) throw notFound()
  }

  /** Puts the check around an operation, and what is created where it really is. */
  ring(root: string, own: Around = (_, next) => next()): Around {
    return async (ctx, next) => {
      await this.check(ctx)
      const reply = await own(ctx, next)
      if (reply instanceof Reply && typeof reply.headers?.Location === 'string')
        reply.headers = { ...reply.headers, Location: ctx.url(root) + reply.headers.Location.replace(/^.*(?=\/)/, '') }
      return reply
    }
  }
}

function keyIn(store: Store, text: string | undefined): Scalar {
  const [key = ''] = store.key
  const field = fieldOf(store.schema.properties[key])
  const value = field && store.key.length === 1 ? readValue(field, text, true) : undefined
  if (value === undefined) throw notFound()
  return value
}

// Both ends have to be there for the caller. To link what is linked changes nothing.
function linking({ foreignKey, otherKey = '', through }: ModelAssociation, above: Above, store: Store, { scope }: ModelOptions): object {
  const between = through?.model as ModelStatic<Model>
  const ends = async (ctx: Context): Promise<Record<string, Scalar>> => {
    await above.check(ctx)
    const id = keyIn(store, ctx.params.id)
    const [key = ''] = store.key
    if (!(await store.get({ key: { [key]: id }, where: scope?.(ctx) }, { fields: [key] }, { signal: ctx.signal }))) throw notFound()
    return { [foreignKey]: above.idOf(ctx), [otherKey]: id }
  }
  const write = <T>(work: () => Promise<T>): Promise<T> =>
    attempt({ model: between, schema: { type: 'object', properties: {} } }, () => inTurn(between.sequelize as never, work))
  return {
    put: {
      summary: 'Link',
      async handler(ctx: Context) {
        const row = await ends(ctx)
        await write(() => between.create(row as never).catch(forgiven))
      },
    },
    delete: {
      summary: 'Unlink',
      async handler(ctx: Context) {
        const where = await ends(ctx)
        if ((await write(() => between.destroy({ where }))) === 0) throw notFound()
      },
    },
  }
}

function forgiven(error: unknown): undefined {
  if (error instanceof UniqueConstraintError) return undefined
  // One end has gone in the meantime.
  throw error instanceof ForeignKeyConstraintError ? notFound() : error
}
