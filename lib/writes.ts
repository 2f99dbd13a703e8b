// Writes: create, replace, patch and remove. What may be written, and of which rows, the collection's rules say for each caller; preconditions and row rules
// are part of the statement that writes.
import { type Aim, isKeyTaken, removeRow, told, updateRow } from './change.js'
import { type Collection, pick, shown } from './collection.js'
import type { Context } from './context.js'
import { faulty } from './filters/validate.js'
import { jsonPatch, mergePatch, same } from './patch.js'
import { Preconditions, tagOf } from './precondition.js'
import { preference } from './prefer.js'
import { badRequest, type Headers, methodNotAllowed, notFound, preconditionFailed, preconditionRequired } from './problem.js'
import { Reply } from './reply.js'
import type { Access, Checked } from './rules.js'
import type { Key, Row } from './store.js'
import { toWire } from './wire.js'

/** POST to a collection: one row, or a list of rows of which all are created or none. */
export async function create(collection: Collection, ctx: Context): Promise<Reply> {
  collection.noParameters(ctx)
  const access = collection.book.access(ctx)
  const { body } = ctx
  const many = Array.isArray(body)
  const bodies: unknown[] = many ? body : [body]
  const { maxPageSize = 1000 } = collection.options
  if (bodies.length > maxPageSize) throw badRequest(`A request creates at most ${maxPageSize} rows.`)
  const stamp = stampOf(collection, ctx)
  const rows = rowsOf(
    bodies.map((one) => access.created(one, stamp)),
    many,
  )
  const created = await told(collection.store.create(rows, { ...collection.with(ctx), check: access.scope }), access, !many)
  for (const row of created) collection.tell('create', ctx, collection.keys.of(row), row)
  return createdReply(collection, ctx, created, many, access)
}

function createdReply(collection: Collection, ctx: Context, created: readonly Row[], many: boolean, access: Access): Reply {
  const [first] = created
  const root = ctx.url().replace(/\/$/, '')
  const headers: Headers = {}
  const place = `${root}/${created.map((row) => collection.keys.spell(row)).join(';')}`
  if (first && place.length <= 2000) headers.Location = place
  if (first && !many) Object.assign(headers, collection.validators(ctx, first, access))
  if (minimal(ctx, headers)) return new Reply(undefined, { status: 201, headers })
  const rows = created.map((row) => shown(row, access))
  return new Reply(many ? collection.enveloped(ctx, rows, undefined) : rows[0], { status: 201, headers })
}

/** PUT of one row. */
export async function replace(collection: Collection, ctx: Context): Promise<Reply> {
  const aim = aimOf(collection, ctx)
  const { key, access, demands } = aim
  const whole = keyless(ctx.body, aim, true)
  const [row = {}] = rowsOf([access.replaced(whole, key)], false)
  const changes = Object.fromEntries(Object.entries(row).filter(([name]) => !(name in key)))
  const change = (): Promise<Row | undefined> => updateRow(collection.store, aim, false, () => changes)
  let changed = await change()
  if (!changed && collection.options.upsert) {
    if (demands.given) throw preconditionFailed('There is nothing yet.')
    try {
      const [created] = await collection.store.create([{ ...row, ...stampOf(collection, ctx) }], { ...aim.options, check: access.scope })
      collection.tell('create', ctx, key, created as Row)
      return createdReply(collection, ctx, [created as Row], false, access)
    } catch (error) {
      // Somebody was quicker, or the row is out of scope: then it is not there for this caller.
      if (!isKeyTaken(error, collection.store)) await told(Promise.reject(error), access, true)
      if (demands.absent) throw preconditionFailed('It is there already.')
      changed = await change()
    }
  }
  return changedReply(collection, 'replace', ctx, changed, access)
}

/** PATCH of one row: a merge patch, or a JSON Patch. */
export async function patch(collection: Collection, ctx: Context): Promise<Reply> {
  const aim = aimOf(collection, ctx)
  const { access } = aim
  const body = ctx.body as Row
  const listed = /^\s*application\/json-patch\+json\s*(;|$)/i.test(ctx.req.headers['content-type'] ?? '')
  if (!listed && (typeof body !== 'object' || body === null || Array.isArray(body)))
    throw badRequest('A change is an object with the members to change, or application/json-patch+json.', { headers: { 'Accept-Patch': patchTypes } })
  const only = (changes: unknown): Row => rowsOf([access.changed(keyless(changes, aim, false))], false)[0] as Row
  if (listed) {
    const operated = (before: Row): Row => only(differences(pick(before, access.fields), body))
    return changedReply(collection, 'patch', ctx, await updateRow(collection.store, aim, true, operated), access)
  }
  // A member that is an object is merged into what stands there, so that has to be read; all others are set as they are.
  const nested = Object.values(body).some((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  const flat = nested ? undefined : only(body)
  const merged = (before: Row): Row => {
    const members = Object.entries(body).map(([name, value]) => [name, value === null ? null : mergePatch(toWire(before[name]), value)])
    return only(Object.fromEntries(members))
  }
  return changedReply(collection, 'patch', ctx, await updateRow(collection.store, aim, nested, (before) => flat ?? merged(before)), access)
}

// The members that operations change, with `null` for those they take away.
function differences(row: Row, operations: unknown): unknown {
  const before = toWire(row) as Row
  const after = jsonPatch(before, operations)
  if (typeof after !== 'object' || after === null || Array.isArray(after)) return after
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const value = (name: string): unknown => (Object.hasOwn(after, name) ? (after as Row)[name] : null)
  return Object.fromEntries(names.filter((name) => !same(before[name], value(name))).map((name) => [name, value(name)]))
}

/** DELETE of one row. */
export async function remove(collection: Collection, ctx: Context): Promise<Reply> {
  const aim = aimOf(collection, ctx)
  if (!(await removeRow(collection.store, aim))) throw notFound()
  collection.tell('remove', ctx, aim.key, undefined)
  return new Reply(undefined, { status: 204 })
}

function changedReply(collection: Collection, operation: 'replace' | 'patch', ctx: Context, row: Row | undefined, access: Access): Reply {
  if (!row) throw notFound()
  collection.tell(operation, ctx, collection.keys.of(row), row)
  const headers = collection.validators(ctx, row, access)
  return minimal(ctx, headers) ? new Reply(undefined, { status: 204, headers }) : new Reply(shown(row, access), { headers })
}

function aimOf(collection: Collection, ctx: Context): Aim {
  collection.noParameters(ctx)
  const { keys, set } = collection.keys.read(ctx)
  if (set) throw methodNotAllowed('A set can only be read.', { allow: ['GET', 'HEAD', 'OPTIONS'] })
  const access = collection.book.access(ctx)
  const demands = new Preconditions(ctx.req.headers, collection.store)
  if (collection.options.requireMatch && !demands.given && !demands.absent)
    throw preconditionRequired('Send If-Match with the ETag of the state that you mean.')
  return {
    key: keys[0] as Key,
    access,
    demands,
    tag: (row) => tagOf(row, collection.store, access.fields, ctx.req.headers.accept),
    options: collection.with(ctx),
  }
}

// The key of a row that is there does not change: it may be sent along, as the path has it.
function keyless(body: unknown, { key, access }: Aim, readable: boolean): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  const rest: Row = { ...body }
  const faults: object[] = []
  for (const name of Object.keys(key)) {
    if (rest[name] === undefined || !(access.writable.has(name) || (readable && access.fields.includes(name)))) continue
    if (rest[name] !== key[name]) faults.push({ pointer: `/${name}`, code: 'const', detail: 'must be the key in the path' })
    delete rest[name]
  }
  if (faults.length > 0) throw faulty(faults)
  return rest
}

function rowsOf(checked: readonly Checked[], many: boolean): Row[] {
  const faults = checked.flatMap(({ faults }, index) => (many ? faults.map((fault) => ({ ...fault, pointer: `/${index}${fault.pointer}` })) : faults))
  if (faults.length > 0) throw faulty(faults)
  return checked.map(({ row }) => row)
}

function stampOf(collection: Collection, ctx: Context): Row {
  return (collection.options.stamp ? toWire(collection.options.stamp(ctx)) : {}) as Row
}

function minimal({ req }: Context, headers: Headers): boolean {
  if (preference(req.headers.prefer, 'return') !== 'minimal') return false
  headers['Preference-Applied'] = 'return=minimal'
  return true
}

const patchTypes = 'application/merge-patch+json, application/json-patch+json'
