// Permissions in tables: users, groups and what they may, asked with one query. The names come from the resources themselves.
import type { Request } from 'express'
import { DataTypes, type Model, type ModelStatic, type Sequelize } from 'sequelize'
import { Filter } from '../filter.js'
import { type Granted, type Permissions, permissionOf } from '../permission.js'
import type { Resource } from '../resource.js'
import type { Row, Store } from '../store.js'
import { type Field, fieldOf, readValue, type Scalar } from '../value.js'
import type { Where } from '../where.js'
import { type AnyModel, factsOf, schemaOf } from './schema.js'
import { modelStore } from './store.js'
import { inTurn } from './turn.js'

/** How permissions are kept. */
export interface PermissionTablesOptions {
  /** The application's own model of users. @default a model User with `name`, `passwordHash`, `superuser` and `active` */
  user?: AnyModel
  /** The key of a user in that model. @default the field of its primary key */
  by?: (user: never) => Scalar | undefined
  /** The name of the group whose permissions anybody has, logged in or not. @default 'anonymous' */
  anonymous?: string
  /** For how many seconds an answer is remembered, beyond the request it was for; so long may a permission that is taken away still be had. @default 0 */
  remember?: number
}

/** What {@link PermissionTables.sync} did. */
export interface SyncReport {
  /** The names that were not there. */
  readonly added: readonly string[]
  /** The names in the table that none of the resources asks for. They stay there. */
  readonly stale: readonly string[]
}

/** Permissions in tables, for `authorize()`. */
export interface PermissionTables extends Permissions {
  /** The models, to fill them and to make resources of them. `User` and `Group` have `permissions`, `User` has `groups`. */
  readonly models: { readonly User: AnyModel; readonly Group: AnyModel; readonly Permission: AnyModel }
  /**
   * Adds the name of every permission that the resources ask for. It may be called at each start, and by several processes at once.
   * @param tables whether to create the tables that are missing
   */
  sync(resources: Resource | Iterable<Resource>, options?: { tables?: boolean }): Promise<SyncReport>
  /** Forgets what is remembered, after a change. */
  forget(): void
}

/**
 * Permissions in tables: of users, and of groups that they are in.
 *
 * @example
 * const acl = permissions(sequelize)
 * const people = resource('people', { use: [authenticate(basic(check)), authorize(acl)], ...model(Person) })
 * await acl.sync([people], { tables: true })
 * @throws TypeError where the instance already has a model of a name that is needed, or a user model has a key of several fields
 */
export function permissions(sequelize: Sequelize, { user, by, anonymous = 'anonymous', remember = 0 }: PermissionTablesOptions = {}): PermissionTables {
  const models = define(sequelize, user)
  const [key, ...others] = Object.keys(factsOf(models.User).primaryKeys)
  if (key === undefined || others.length > 0) throw new TypeError(`permissions(): the key of ${models.User.name} needs to be one field.`)
  const keyOf = by ?? ((one: Record<string, Scalar | undefined>) => one[key])
  const field = fieldOf(schemaOf(models.User).properties[key]) as Field
  const store = modelStore(models.Permission)
  const memory = new Memory(remember * 1000)
  return {
    models,
    of(one, req) {
      const value = readValue(field, keyOf(one as never), true)
      if (value === undefined) return nothing
      const users: Where = { relation: 'users', where: { field: key, op: 'eq', value } }
      return memory.recall(req, `user ${value}`, () => names(store, { or: [users, { relation: 'groups', where: users }] }))
    },
    anonymous: (req) => memory.recall(req, 'anybody', () => names(store, { relation: 'groups', where: { field: 'name', op: 'eq', value: anonymous } })),
    sync: (resources, { tables = false } = {}) => sync(sequelize, models, store, resources, tables),
    forget: () => memory.forget(),
  }
}

const nothing: ReadonlySet<string> = new Set()

function define(sequelize: Sequelize, own: AnyModel | undefined): PermissionTables['models'] & { joins: readonly AnyModel[] } {
  const make = (name: string, attributes: object): ModelStatic<Model> => {
    if (sequelize.isDefined(name)) throw new TypeError(`permissions(): there is a model ${name} already${name === 'User' ? "; hand it over as 'user'" : ''}.`)
    return sequelize.define(name, attributes as never, { timestamps: false, underscored: true })
  }
  // Names differ by their cases, in MariaDB too.
  const named = { type: sequelize.getDialect() === 'mariadb' ? DataTypes.STRING(190, true) : DataTypes.STRING(190), allowNull: false, unique: true }
  const flag = (defaultValue: boolean) => ({ type: DataTypes.BOOLEAN, allowNull: false, defaultValue })
  const User = own ?? make('User', { name: named, passwordHash: DataTypes.STRING, superuser: flag(false), active: flag(true) })
  const Group = make('Group', { name: named })
  const Permission = make('Permission', { name: named })
  const join = (name: string, one: AnyModel, ones: string, other: AnyModel, others: string, keys: readonly [string, string]): AnyModel => {
    const through = make(name, {})
    one.belongsToMany(other, { through, as: others, foreignKey: keys[0], otherKey: keys[1] })
    other.belongsToMany(one, { through, as: ones, foreignKey: keys[1], otherKey: keys[0] })
    return through
  }
  const joins = [
    join('UserGroup', User, 'users', Group, 'groups', ['userId', 'groupId']),
    join('UserPermission', User, 'users', Permission, 'permissions', ['userId', 'permissionId']),
    join('GroupPermission', Group, 'groups', Permission, 'permissions', ['groupId', 'permissionId']),
  ]
  return { User, Group, Permission, joins }
}

async function names(store: Store, where: Where | undefined): Promise<ReadonlySet<string>> {
  const { rows } = await store.find({ where, sort: [], page: { limit: 1_000_000, offset: 0 }, count: 'none', select: { fields: ['name'] } })
  return new Set(rows.map(({ name }: Row) => String(name)))
}

async function sync(
  sequelize: Sequelize,
  { joins, ...models }: ReturnType<typeof define>,
  store: Store,
  resources: Resource | Iterable<Resource>,
  tables: boolean,
): Promise<SyncReport> {
  const asked = askedBy(resources)
  if (tables) for (const model of [models.User, models.Group, models.Permission, ...joins]) await createTable(model)
  const before = await names(store, undefined)
  const added = [...asked].filter((name) => !before.has(name)).sort()
  // Where another process has been quicker, there is nothing left to do.
  if (added.length > 0)
    await inTurn(sequelize, () =>
      models.Permission.bulkCreate(
        added.map((name) => ({ name })),
        { ignoreDuplicates: true },
      ),
    )
  return { added, stale: [...before].filter((name) => !asked.has(name)).sort() }
}

// IF NOT EXISTS looks first and creates then: of two processes that do so at once, one may fail.
async function createTable(model: AnyModel): Promise<void> {
  const create = (): Promise<unknown> => inTurn(model.sequelize as Sequelize, () => model.sync())
  await create().catch(create)
}

function askedBy(resources: Resource | Iterable<Resource>): Set<string> {
  const asked = new Set<string>()
  for (const { definition } of 'definition' in resources ? [resources] : resources) {
    for (const { path, verb, options } of definition.endpoints) {
      const place = {
        resource: definition.name,
        base: definition.paths[0] ?? '',
        path,
        verb,
        permission: permissionOf(definition.name, verb, options.permission),
        meta: options.meta ?? {},
      }
      for (const entry of options.use) {
        const permission = entry instanceof Filter ? entry.describe?.(place).permission : undefined
        if (permission !== undefined) asked.add(permission)
      }
    }
  }
  return asked
}

/** Answers that are given again: within one request, and for some time. */
class Memory {
  readonly #milliseconds: number
  readonly #byRequest = new WeakMap<Request, Map<string, Granted>>()
  readonly #byKey = new Map<string, { readonly until: number; readonly granted: Promise<ReadonlySet<string>> }>()

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  recall(req: Request, key: string, ask: () => Promise<ReadonlySet<string>>): Granted {
    const known = this.#byRequest.get(req) ?? new Map<string, Granted>()
    this.#byRequest.set(req, known)
    const granted = known.get(key) ?? this.#remembered(key, ask)
    known.set(key, granted)
    return granted
  }

  forget(): void {
    this.#byKey.clear()
  }

  #remembered(key: string, ask: () => Promise<ReadonlySet<string>>): Promise<ReadonlySet<string>> {
    if (this.#milliseconds <= 0) return ask()
    const now = performance.now()
    const kept = this.#byKey.get(key)
    if (kept && kept.until > now) return kept.granted
    const granted = ask()
    this.#byKey.delete(key)
    // The oldest stands first.
    for (const oldest of this.#byKey.keys()) if (this.#byKey.size >= mostKept) this.#byKey.delete(oldest)
    this.#byKey.set(key, { until: now + this.#milliseconds, granted })
    granted.catch(() => this.#byKey.delete(key))
    return granted
  }
}

const mostKept = 10_000
