// Page: which part of the answer, and the ways to the other parts. Offsets are numbers; a cursor is an edge between two rows, sealed, that opens only
// together with the order and the conditions it was made for.
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import type { Askable, Complain, Spot } from './askable.js'
import { preference } from './prefer.js'
import { type Asked, readCount } from './query.js'
import type { Counting, CursorPage, OffsetPage, Page } from './store.js'
import { decode } from './url.js'
import { fieldOf, readValue, type Scalar } from './value.js'
import type { Edge } from './where.js'

/** How a collection is cut into pages. */
export interface PageOptions {
  /** Rows of a page where the client does not say. @default 20 */
  pageSize?: number
  /** The most rows of a page; a larger `limit` is taken as this one, and the answer says so in `meta`. @default 1000 */
  maxPageSize?: number
  /** What links lead by where the client does not say: numbers, or cursors, which stay right while rows come and go. @default 'offset' */
  paging?: 'offset' | 'cursor'
  /**
   * What cursors are sealed with, the same in every process that serves the collection. Without one they are bound to their order and conditions all the
   * same, but whoever knows this library can read and forge the values in them; those are of rows and fields that the client may see, and of the key.
   */
  secret?: string
}

/** A page that was asked for, and what its cursors are bound to. */
export interface PageWish {
  readonly page: OffsetPage | CursorPage
  /** Makes a cursor of an edge. */
  readonly seal: (edge: Edge) => string
}

/** Reads `limit`, `offset`, `after` and `before`. An empty `after` is the start. @param textual whether values are text as in a URL */
export function readPage({ page, sort, where }: Asked, textual: boolean, askable: Askable, options: PageOptions, complain: Complain): PageWish {
  const { pageSize = 20, maxPageSize = 1000, paging = 'offset', secret = '' } = options
  const spot = (name: string): Spot => (textual ? { parameter: name } : { pointer: `/${name}` })
  const count = (name: string, otherwise: number): number => {
    if (!page.has(name)) return otherwise
    const number = readCount(page.get(name), textual)
    if (number === undefined) complain(spot(name), 'type', 'must be a whole number, 0 or more')
    return number ?? otherwise
  }
  const sealing = new Sealing(secret, JSON.stringify([sort, where]))
  const open = (name: 'after' | 'before'): Edge | undefined => {
    const token = page.get(name)
    if (token === undefined || token === '') return undefined
    const edge = typeof token === 'string' ? readEdge(sealing.open(token), sort, askable) : undefined
    if (!edge) complain(spot(name), 'cursor', 'is no cursor of this list in this order and with these conditions')
    return edge
  }
  const limit = Math.min(count('limit', pageSize), maxPageSize)
  const seal = (edge: Edge): string => sealing.seal(JSON.stringify(edge))
  const given = [...page.keys()].filter((name) => name !== 'limit')
  if (given.length > 1) complain(spot(given[1] as string), 'repeated', `cannot be together with ${given[0]}`)
  if (page.has('before')) return { page: { limit, before: open('before') }, seal }
  if (page.has('after') || (paging === 'cursor' && !page.has('offset'))) return { page: { limit, after: open('after') }, seal }
  return { page: { limit, offset: count('offset', 0) }, seal }
}

// A cursor that opens was made here, but the schema may have changed since.
function readEdge(values: unknown, sort: Asked['sort'], { store }: Askable): Edge | undefined {
  if (!Array.isArray(values) || values.length !== sort.length) return undefined
  const edge = values.map((value, index) => {
    const field = fieldOf(store.schema.properties[sort[index]?.field as string])
    return value === null ? null : field && readValue(field, value, false)
  })
  return edge.includes(undefined) ? undefined : (edge as (Scalar | null)[])
}

// AES-256-GCM. The nonce is made of what is sealed, so that it never comes twice with different texts, and the same edge gives the same cursor:
// a list that did not change keeps its ETag.
class Sealing {
  readonly #key: Buffer
  readonly #binding: string

  constructor(secret: string, binding: string) {
    this.#key = createHash('sha256').update(`express-trestle cursor ${secret}`).digest()
    this.#binding = binding
  }

  seal(text: string): string {
    const nonce = createHmac('sha256', this.#key).update(this.#binding).update('\0').update(text).digest().subarray(0, 12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(this.#binding))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
  }

  open(token: string): unknown {
    const bytes = Buffer.from(token, 'base64url')
    // What base64url leaves over or leaves out would make several cursors of one.
    if (bytes.length < 28 || bytes.toString('base64url') !== token) return undefined
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12)).setAAD(Buffer.from(this.#binding))
      decipher.setAuthTag(bytes.subarray(12, 28))
      return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8'))
    } catch {
      return undefined
    }
  }
}

/** The parameters that lead to another page. */
export type Step = Readonly<Record<string, string | number>>

/** The ways from one page to others; `undefined` where there is nothing to go to. */
export interface Steps {
  readonly first: Step | undefined
  readonly previous: Step | undefined
  readonly next: Step | undefined
  readonly last: Step | undefined
}

/** The ways from a page that was found. */
export function stepsOf({ page, seal }: PageWish, { rows, more, first, last, total }: Page): Steps {
  const { limit } = page
  if (limit === 0) return { first: undefined, previous: undefined, next: undefined, last: undefined }
  if ('offset' in page) {
    const { offset } = page
    const end = total?.exact && total.value > 0 ? Math.floor((total.value - 1) / limit) * limit : undefined
    return {
      first: { limit, offset: 0 },
      previous: offset > 0 ? { limit, offset: Math.max(0, offset - limit) } : undefined,
      next: more ? { limit, offset: offset + limit } : undefined,
      last: end === undefined ? undefined : { limit, offset: end },
    }
  }
  const backward = page.before !== undefined
  const known = rows.length > 0 && first !== undefined && last !== undefined
  return {
    first: { limit, after: '' },
    previous: known && (backward ? more : page.after !== undefined) ? { limit, before: seal(first) } : undefined,
    next: known && (backward || more) ? { limit, after: seal(last) } : undefined,
    last: undefined,
  }
}

/**
 * The URL of another page: the path and all other parameters of this one. It never holds the host, which a client can make up.
 * @param url the target of the request, as it came
 * @example linkTo('/books?sort=title&offset=20', { limit: 20, offset: 40 }) // '/books?sort=title&limit=20&offset=40'
 */
export function linkTo(url: string, step: Step): string {
  const target = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, '').replace(/^\/*/, '/')
  const [path = '/', query = ''] = target.split(/\?(.*)/s)
  const kept = query.split('&').filter((pair) => pair !== '' && !own.has(decode(pair.split('=', 1)[0] as string)))
  const pairs = Object.entries(step).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return safe(`${path}?${[...kept, ...pairs].join('&')}`)
}

const own = new Set(['limit', 'offset', 'after', 'before'])

// RFC 8288 section 3 puts the URL between angle brackets, so it must not hold any.
const safe = (url: string): string => encodeURI(url).replaceAll('%25', '%')

/** The `Link` field (RFC 8288), or `undefined` where there is nothing to link to. @param url the target of the request */
export function linkHeader(url: string, { first, previous, next, last }: Steps): string | undefined {
  const links = { first, prev: previous, next, last }
  const texts = Object.entries(links).flatMap(([rel, step]) => (step ? [`<${linkTo(url, step)}>; rel="${rel}"`] : []))
  return texts.length > 0 ? texts.join(', ') : undefined
}

/** What a list says of itself. `next` and `previous` are links, or for a QUERY the members to send with the same body. */
export interface Meta {
  /** How many rows there are in all; left out where they were not counted. */
  total?: number
  /** Whether the total is a guess. */
  estimated?: true
  /** The rows of a page, as far as they were granted. */
  limit: number
  offset?: number
  next: string | Step | null
  previous: string | Step | null
  /** The entity tags of the rows, in their order; with the option `etags`. */
  etags?: readonly string[]
}

/** What a list says of itself. @param url the target of the request; `undefined` for a QUERY */
export function metaOf({ page }: PageWish, { total }: Page, { next, previous }: Steps, url: string | undefined): Meta {
  const to = (step: Step | undefined): string | Step | null => (step ? (url === undefined ? step : linkTo(url, step)) : null)
  return {
    ...(total && { total: total.value }),
    ...(total && !total.exact && { estimated: true as const }),
    limit: page.limit,
    ...('offset' in page && { offset: page.offset }),
    next: to(next),
    previous: to(previous),
  }
}

/** How the client wants rows counted (`Prefer: count=none`), or `undefined` where it does not say. */
export function preferredCount(prefer: string | string[] | undefined): Counting | undefined {
  const wanted = preference(prefer, 'count')
  return wanted === 'exact' || wanted === 'estimated' || wanted === 'none' ? wanted : undefined
}
