// Permission: the right to use one verb of one resource, by name, and who knows which users have it.
import type { Request } from 'express'

/** The verbs that have a permission of their own. HEAD and QUERY read, so they need that of GET; OPTIONS needs none. */
export const permissionVerbs = ['post', 'get', 'put', 'patch', 'delete'] as const

/** One of {@link permissionVerbs}. */
export type PermissionVerb = (typeof permissionVerbs)[number]

/**
 * The names of a resource's permissions.
 * @param verbs which of them. @default all five
 * @example permissionNames('people', ['get', 'put']) // ['resource_people_get', 'resource_people_put']
 */
export const permissionNames = (resource: string, verbs: readonly PermissionVerb[] = permissionVerbs): string[] =>
  verbs.map((verb) => `resource_${resource}_${verb}`)

/**
 * The permission that an endpoint asks for: `undefined` for OPTIONS, which needs none, and where neither the endpoint nor the resource has a name.
 * @param own the endpoint's `permission` option
 */
export function permissionOf(resource: string | undefined, verb: string, own?: string): string | undefined {
  if (verb === 'options') return undefined
  if (own !== undefined || resource === undefined) return own
  return `resource_${resource}_${verb === 'head' || verb === 'query' ? 'get' : verb}`
}

/** Names of permissions, now or later. */
export type Granted = ReadonlySet<string> | Promise<ReadonlySet<string>>

/** Who may do what. Implement it over a database of your own, or take {@link grants}. */
export interface Permissions {
  /**
   * The permissions of a user, those of the user's groups included. Not asked for superusers and for users that are not active.
   * @param req the request, for caches that live as long as it and for rules that depend on it
   */
  of(user: object, req: Request): Granted
  /** What anybody may do, logged in or not. Left out: nothing. */
  anonymous?(req: Request): Granted
}

/** The two flags of a user that are understood here; both may be missing. */
export interface UserFlags {
  /** May do everything that asks for a permission. Only `true` counts. @default false */
  readonly superuser?: unknown
  /** A user who has it and it is not true (false, 0, null) is never let in. @default true */
  readonly active?: unknown
}

/** Whether a user may be let in at all. */
export const isActive = (user: object): boolean => (user as UserFlags).active === undefined || Boolean((user as UserFlags).active)

/** Whether a user needs no permission. */
export const isSuperuser = (user: object): boolean => (user as UserFlags).superuser === true

/** What {@link grants} is made of: lists of permission names. */
export interface GrantsOptions {
  /** The permissions of users, by the user's name. */
  users?: Readonly<Record<string, readonly string[]>>
  /** Groups by name: who is in it, and what they may. */
  groups?: Readonly<Record<string, { readonly members: readonly string[]; readonly permissions: readonly string[] }>>
  /** What anybody may, logged in or not. */
  anonymous?: readonly string[]
  /** What a user is called in the lists. @default the user's `name` */
  by?: (user: never) => string | undefined
}

/**
 * Permissions that stand in the code: for small applications and for tests.
 *
 * @example
 * const acl = grants({
 *   users: { luke: permissionNames('people') },
 *   groups: { staff: { members: ['leia', 'han'], permissions: permissionNames('people', ['get']) } },
 * })
 * @throws TypeError when a list is none, or holds something else than names
 */
export function grants({ users = {}, groups = {}, anonymous = [], by = (user: { name?: string }) => user.name }: GrantsOptions): Permissions {
  if (typeof by !== 'function') throw new TypeError("grants(): 'by' is a function (user) => name.")
  const held = new Map<string, Set<string>>()
  const grant = (name: string, permissions: readonly string[]): void => {
    held.set(name, new Set([...(held.get(name) ?? []), ...permissions]))
  }
  for (const [name, permissions] of Object.entries(users)) grant(name, checkNames(permissions, `users.${name}`))
  for (const [name, group] of Object.entries(groups)) {
    const permissions = checkNames(group?.permissions, `groups.${name}.permissions`)
    for (const member of checkNames(group.members, `groups.${name}.members`)) grant(member, permissions)
  }
  const everybody = new Set(checkNames(anonymous, 'anonymous'))
  return { of: (user) => held.get(by(user as never) as string) ?? nothing, anonymous: () => everybody }
}

const nothing: ReadonlySet<string> = new Set()

function checkNames(list: readonly string[] | undefined, option: string): readonly string[] {
  if (!Array.isArray(list) || list.some((name) => typeof name !== 'string' || name === '')) throw new TypeError(`grants(): '${option}' needs a list of names.`)
  return list
}
