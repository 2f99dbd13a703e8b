// Precondition: entity tags of rows, and what a request demands of them (RFC 9110 sections 8.8.3 and 13.1). Where the store counts versions, a demand
// becomes a condition of the statement itself; elsewhere rows are read under a lock and compared by their hash.
import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { badRequest } from './problem.js'
import type { Row, Store } from './store.js'
import { type Field, fieldOf, readValue } from './value.js'
import { allOf, type Where } from './where.js'
import { toWire } from './wire.js'

/**
 * The entity tag of a row: its version, or a hash of the fields that the caller may read. A client that asks for a format gets another tag for it,
 * because one strong tag must not stand for two formats; a tag without that part is taken back as well.
 */
export function tagOf(row: Row, { version }: Pick<Store, 'version'>, fields: readonly string[], accept: string | undefined): string {
  const format = accept === undefined || accept === '*/*' ? '' : `;${hash('sha1', accept, 'base64url').slice(0, 6)}`
  return `"${version === undefined ? hashOf(row, fields) : encodeURIComponent(String(toWire(row[version])))}${format}"`
}

const hashOf = (row: Row, fields: readonly string[]): string => hash('sha1', JSON.stringify(fields.map((field) => toWire(row[field]) ?? null)), 'base64url')

// RFC 9110 section 5.6.7; what is no date is as good as not there.
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/** What a request demands of the row that it wants to change. */
export class Preconditions {
  /** Whether there may be no row yet (`If-None-Match: *`). */
  readonly absent: boolean
  /** The demands as a condition on the row, as far as they are one. */
  readonly where: Where | undefined
  /** Whether the request says which state of the row it means to change. */
  readonly given: boolean
  readonly #match: Tags | undefined
  readonly #noneMatch: Tags | undefined
  readonly #hashed: boolean

  /** @throws Problem 400 where a list of tags is none */
  constructor(headers: IncomingHttpHeaders, { version, modified, schema }: Pick<Store, 'version' | 'modified' | 'schema'>) {
    this.#match = readTags(headers['if-match'], 'If-Match')
    this.#noneMatch = readTags(headers['if-none-match'], 'If-None-Match')
    this.absent = this.#noneMatch === '*'
    this.#hashed = version === undefined
    const field = version === undefined ? undefined : fieldOf(schema.properties[version])
    const oneOf = (tags: Tags | undefined): Where | undefined =>
      field && Array.isArray(tags) ? { field: version as string, op: 'in', value: versionsOf(tags, field) } : undefined
    const matched = oneOf(this.#match)
    const unmatched = oneOf(this.#noneMatch)
    // RFC 9110 section 13.2.2: the date counts only where there are no tags. It has no fractions of a second.
    const since = headers['if-unmodified-since'] ?? ''
    const date = this.#match === undefined && modified !== undefined && httpDate.test(since) ? Date.parse(since) : Number.NaN
    const unchanged: Where | undefined = Number.isNaN(date) ? undefined : { field: modified as string, op: 'lt', value: new Date(date + 1000).toISOString() }
    this.where = allOf(matched, unmatched && { not: unmatched }, unchanged)
    this.given = this.#match !== undefined || unchanged !== undefined
  }

  /** Whether the row has to be read before it can be told whether the demands hold. */
  get needsRow(): boolean {
    return this.#hashed && (Array.isArray(this.#match) || Array.isArray(this.#noneMatch))
  }

  /** Whether the demands that are not in `where` hold of a row. */
  holds(row: Row, fields: readonly string[]): boolean {
    if (!this.needsRow) return true
    const tag = hashOf(row, fields)
    return (!Array.isArray(this.#match) || this.#match.includes(tag)) && (!Array.isArray(this.#noneMatch) || !this.#noneMatch.includes(tag))
  }
}

type Tags = '*' | string[]

// If-Match compares strongly (RFC 9110 section 13.1.1), so that a weak tag is none.
function readTags(header: string | undefined, name: string): Tags | undefined {
  if (header === undefined) return undefined
  const text = header.trim().replaceAll(/\s+/g, ' ')
  if (text === '*') return text
  const tags: string[] = []
  for (const found of text.matchAll(/ ?(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)")? ?(?:,|$)|(.)/g)) {
    const [, weak, tag, wrong] = found
    if (wrong !== undefined) throw badRequest(`${name} is not a list of entity tags.`)
    if (tag !== undefined && (weak === undefined || name === 'If-None-Match')) tags.push(tag.replace(/;.*/, ''))
  }
  return tags
}

function versionsOf(tags: readonly string[], field: Field): (string | number | boolean)[] {
  return tags.map((tag) => readValue(field, decoded(tag), true)).filter((value) => value !== undefined)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
