// Reads: list, search, read and set. Each asks the collection's rules for the access of its caller, so that no row and no field is seen that they do not
// open; a row out of scope is a 404 like one that is not there.
import { Complaints } from './askable.js'
import { type Collection, shown } from './collection.js'
import type { Context } from './context.js'
import { linkHeader, metaOf, preferredCount, readPage, stepsOf } from './page.js'
import { tagOf } from './precondition.js'
import { badRequest, type Headers, notFound } from './problem.js'
import { type Asked, readAsked } from './query.js'
import { Reply } from './reply.js'
import type { Access } from './rules.js'
import type { Key, Row, Selection, StoreQuery } from './store.js'
import { allOf } from './where.js'

/** GET of a collection. */
export async function list(collection: Collection, ctx: Context): Promise<Reply> {
  collection.checkLength(ctx)
  return find(collection, ctx, ctx.query, true)
}

/** QUERY of a collection (RFC 10008): the same, asked in a body. */
export async function search(collection: Collection, ctx: Context): Promise<Reply> {
  collection.noParameters(ctx)
  const { body } = ctx
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('The body of a QUERY is an object: { filter, sort, limit … }.')
  return find(collection, ctx, body as Row, false)
}

async function find(collection: Collection, ctx: Context, members: Readonly<Record<string, unknown>>, textual: boolean): Promise<Reply> {
  const access = collection.book.access(ctx)
  const complaints = new Complaints()
  const asked = readAsked(members, textual, access, collection.ask, complaints.add)
  const wish = readPage(asked, textual, access, collection.options, complaints.add)
  complaints.raise()
  const wanted = preferredCount(ctx.req.headers.prefer)
  const { sort } = asked
  const { etags = false } = collection.options
  const select = etags ? tagged(collection, asked.select, access) : asked.select
  const query: StoreQuery = { where: allOf(access.scope, asked.where), sort, select, page: wish.page, count: wanted ?? collection.options.count ?? 'exact' }
  const page = await collection.store.find(query, collection.with(ctx))
  const steps = stepsOf(wish, page)
  const url = textual ? ctx.req.originalUrl : undefined
  const link = url === undefined ? undefined : linkHeader(url, steps)
  ctx.res.vary('Prefer')
  const headers: Headers = {
    'Access-Control-Expose-Headers': exposed(ctx),
    ...(!textual && { 'Accept-Query': 'application/json' }),
    ...(link !== undefined && { Link: link }),
    ...(page.total && { 'X-Total-Count': page.total.value }),
    ...(wanted && { 'Preference-Applied': `count=${wanted}` }),
  }
  const meta = metaOf(wish, page, steps, url)
  if (!etags) return new Reply(collection.enveloped(ctx, page.rows, meta), { headers })
  const objects = page.rows.map((row) => shown(row, asked.select))
  const tags = page.rows.map((row) => tagOf(row, collection.store, access.fields, ctx.req.headers.accept))
  return new Reply(collection.enveloped(ctx, objects, { ...meta, etags: tags }), { headers })
}

// The fields that scripts of other origins may read, beside those that were exposed before.
function exposed({ res }: Context): string {
  const before = res.getHeader('Access-Control-Expose-Headers')
  return [...(before === undefined ? [] : [String(before)]), 'Link', 'X-Total-Count'].join(', ')
}

/** GET of one row. */
export async function read(collection: Collection, ctx: Context): Promise<Reply> {
  const access = collection.book.access(ctx)
  const { keys } = collection.keys.read(ctx)
  const { select } = selection(collection, ctx, access)
  const row = await collection.store.get({ key: keys[0] as Key, where: access.scope }, tagged(collection, select, access), collection.with(ctx))
  if (!row) throw notFound()
  return new Reply(shown(row, select), { headers: collection.validators(ctx, row, access) })
}

/** GET of a set of rows: all of them, in the order of the path, or 404. */
export async function set(collection: Collection, ctx: Context): Promise<Reply> {
  const { keys } = collection.keys.read(ctx)
  const access = collection.book.access(ctx)
  const { select, sort } = selection(collection, ctx, access)
  const fields = [...new Set([...(select.fields ?? []), ...collection.store.key])]
  const where = allOf(access.scope, collection.keys.where(keys))
  const query: StoreQuery = { where, sort, page: { limit: keys.length, offset: 0 }, count: 'none', select: { ...select, fields } }
  const { rows } = await collection.store.find(query, collection.with(ctx))
  const byKey = new Map(rows.map((row) => [collection.keys.spell(row), row]))
  const found = keys.map((key) => byKey.get(collection.keys.spell(key)))
  if (found.includes(undefined)) throw notFound('Some of these do not exist.')
  const objects = found.map((row) => shown(row as Row, select))
  return new Reply(collection.enveloped(ctx, objects, undefined))
}

// What may be asked of rows that are named by their keys: which fields, and what they lead to.
function selection(collection: Collection, ctx: Context, access: Access): Asked {
  collection.checkLength(ctx)
  const complaints = new Complaints()
  const narrow = { ...access, filterable: [], sortable: [], searchable: [], relation: (name: string) => access.relation(name) }
  const asked = readAsked(ctx.query, true, narrow, { ...collection.ask, sort: [] }, complaints.add)
  for (const name of asked.page.keys()) complaints.add({ parameter: name }, 'unknown', 'is no parameter here')
  complaints.raise()
  return asked
}

// The tag needs fields that were perhaps not asked for.
function tagged(collection: Collection, select: Selection, access: Access): Selection {
  const { version, modified } = collection.store
  const own = version === undefined ? access.fields : [version]
  return { ...select, fields: [...new Set([...(select.fields ?? []), ...own, ...(modified === undefined ? [] : [modified])])] }
}
