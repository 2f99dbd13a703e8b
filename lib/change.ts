// Change: one row changed or removed, within the scope of its caller and under the demands of the request. Both ride in the statement itself; where that
// cannot be, the row is read under a lock of the same transaction first. Never is a row read, judged and then changed without one.
import type { Preconditions } from './precondition.js'
import { Problem, preconditionFailed } from './problem.js'
import { type Access, fieldIn } from './rules.js'
import type { Key, Row, Store, StoreOptions } from './store.js'
import { allOf } from './where.js'

/** One row that a request wants to change. */
export interface Aim {
  readonly key: Key
  readonly access: Access
  readonly demands: Preconditions
  /** The entity tag of a row, for the answer where a demand does not hold. */
  readonly tag: (row: Row) => string
  readonly options: StoreOptions
}

/**
 * Changes one row; `undefined` where there is none for this caller.
 * @param changesOf what changes; gets the row as it is where `readFirst`
 * @throws Problem 412 where a demand does not hold
 */
export function updateRow(store: Store, aim: Aim, readFirst: boolean, changesOf: (before: Row) => Row): Promise<Row | undefined> {
  const { key, access, demands } = aim
  const target = { key, where: allOf(access.scope, demands.where) }
  return perform(store, aim, readFirst, (before, options) => {
    const changes = changesOf(before)
    if (Object.keys(changes).length === 0) return store.get(target, undefined, options)
    return told(store.update(target, changes, { ...options, check: access.scope }), access, false)
  })
}

/** Removes one row; `undefined` where there is none for this caller. @throws Problem 412 where a demand does not hold */
export function removeRow(store: Store, aim: Aim): Promise<true | undefined> {
  const { key, access, demands } = aim
  const target = { key, where: allOf(access.scope, demands.where) }
  return perform(store, aim, false, async (_, options) => (await told(store.remove(target, options), access, false)) || undefined)
}

async function perform<T>(
  store: Store,
  { key, access, demands, tag, options }: Aim,
  readFirst: boolean,
  statement: (before: Row, options: StoreOptions) => Promise<T | undefined>,
): Promise<T | undefined> {
  const read = (options: StoreOptions): Promise<Row | undefined> => store.get({ key, where: access.scope }, undefined, options)
  const stale = (row: Row): Problem => preconditionFailed('It is not as the request demands.', { headers: { ETag: tag(row) } })
  if (demands.absent) {
    const row = await read(options)
    if (row) throw stale(row)
    return undefined
  }
  if (!readFirst && !demands.needsRow) {
    const done = await statement({}, options)
    // Without a demand, nothing found is nothing there; with one, a look without it tells which.
    const row = done === undefined && demands.where ? await read(options) : undefined
    if (row) throw stale(row)
    return done
  }
  return store.transaction(async (transaction) => {
    const inside = { ...options, ...transaction }
    const before = await read({ ...inside, lock: true })
    if (!before) return undefined
    const done = demands.holds(before, access.fields) ? await statement(before, inside) : undefined
    if (done === undefined) throw stale(before)
    return done
  })
}

/**
 * What a store says of a write, told to the caller: pointers fit the body that was sent, and fields that the caller does not know are not named.
 * @param single whether the body was one row, so that pointers start with its fields
 */
export async function told<T>(work: Promise<T>, { fields, writable }: Access, single: boolean): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Problem) || !Array.isArray(error.members.errors)) throw error
    const { status, detail, type, title, headers, members } = error
    const errors = (error.members.errors as { pointer?: string }[]).flatMap(({ pointer = '', ...rest }) => {
      const inner = pointer.replace(/^\/\d+(?=\/|$)/, '')
      const known = fields.includes(fieldIn(inner)) || writable.has(fieldIn(inner))
      return known ? [{ pointer: single ? inner : pointer, ...rest }] : []
    })
    throw new Problem(status, detail, { type, title, headers, members: { ...members, errors }, cause: error })
  }
}

/** Whether an error says that the key of a new row is taken. */
export function isKeyTaken(error: unknown, { key }: Store): boolean {
  if (!(error instanceof Problem) || error.status !== 409 || !Array.isArray(error.members.errors)) return false
  const names = (error.members.errors as { pointer: string }[]).map(({ pointer }) => fieldIn(pointer.replace(/^\/\d+(?=\/)/, '')))
  return names.length > 0 && names.every((name) => key.includes(name))
}
