// Mapper: bytes ↔ data, the contract of every format. A mapper is a name, its media types, one way in and one way out;
// limits, inflating, charsets, negotiation and header fields are not its business.
import type { Readable } from 'node:stream'
import type { Headers } from './problem.js'

/** What a mapper may want to know while it reads. */
export interface ParseContext {
  /** The media type as sent, lower case, without parameters. */
  type: string
  /** The parameters of the media type, names in lower case: `boundary`, `header` … */
  parameters: Readonly<Record<string, string>>
  /** The most bytes the body may have once inflated; whoever reads a stream is stopped there anyway. */
  limit: number
  /** The JSON Schema of the body where there is one, for formats that write less than they mean (CSV, XML). */
  schema: object | boolean | undefined
  /** Aborts when the client leaves. */
  signal: AbortSignal
  /** Runs when the request is over, however it ends: to remove a temporary file, say. */
  onEnd(clean: () => void): void
}

/** What a mapper may want to know while it writes. */
export interface FormatContext {
  /** The name of the resource, for formats whose documents have one. */
  name: string | undefined
  /** The JSON Schema of the answer where there is one. */
  schema: object | boolean | undefined
  /** Writes JSON with the serializer compiled from that schema; `JSON.stringify` where there is none. */
  stringify(data: unknown): string
  /** True when a problem document is written. */
  problem: boolean
  /** Path and query as they came, for formats that link to themselves. */
  url: string
}

/** Text, or bytes where the format is not text. */
export type Encoded = string | Uint8Array

/**
 * Bytes ↔ data. At most one of `parse`, `parseBytes` and `parseStream`, and one of `format` or none; `formatRows` is the way out for rows that come one by one.
 * Register one by putting it into a `mappers` list.
 *
 * @example
 * const shout: Mapper = { name: 'shout', types: ['text/x-shout'], format: (data) => String(data).toUpperCase() }
 */
export interface Mapper {
  /** A short word: `?format=name`, and the suffix `.name`. Letters, digits, `-` and `_`. */
  readonly name: string
  /** Media types, the first is the one to prefer. Both directions. */
  readonly types: readonly string[]
  /** Further media types that are read but never written. */
  readonly reads?: readonly string[]
  /** `+json`: every type that ends so is read too (RFC 6839). */
  readonly suffix?: string
  /** True where every value read is a text, to be turned into what a schema says it is. */
  readonly untyped?: boolean
  /** True where bytes are the format: bytes, or a stream of them, go out under the mapper's type. */
  readonly raw?: boolean
  /** The charset written and told in Content-Type, or `false` for bytes. @default 'utf-8' */
  readonly charset?: Charset | false
  /** The media type of a problem document in this format. Without one, problems go out as JSON. */
  readonly problemType?: string
  /** Header fields that go with everything written in this format. */
  readonly headers?: Headers
  /** Reads a text, decoded from the charset that the client named. A `SyntaxError` is a 400. */
  readonly parse?: (text: string, context: ParseContext) => unknown
  /** Reads bytes. */
  readonly parseBytes?: (bytes: Buffer, context: ParseContext) => unknown
  /** Reads bytes as they come. */
  readonly parseStream?: (body: Readable, context: ParseContext) => unknown
  /** Writes data. What it throws is a bug of ours: 500 through Express. */
  readonly format?: (data: unknown, context: FormatContext) => Encoded
  /** Writes rows as they come, with backpressure. Without it, rows are gathered first. */
  readonly formatRows?: (rows: AsyncIterable<unknown>, context: FormatContext) => AsyncIterable<Encoded>
}

/** The charsets a mapper may write. */
export type Charset = 'utf-8' | 'utf-16le' | 'iso-8859-1' | 'us-ascii'

const token = /^[\w-]+$/
const mediaType = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:\s*;\s*[\w-]+=(?:[\w.-]+|"[^"\\]*"))*$/

/** Holds a mapper against the contract. @throws TypeError with a sentence that names `where` and the member */
export function checkMapper(mapper: Mapper, where: string): void {
  const wrong = (what: string): never => {
    throw new TypeError(`${where}: ${what}`)
  }
  if (typeof mapper !== 'object' || mapper === null) wrong('a mapper is an object such as { name, types, parse, format }.')
  if (typeof mapper.name !== 'string' || !token.test(mapper.name))
    wrong(`the name of a mapper is a word of letters, digits, - and _, not ${JSON.stringify(mapper.name)}.`)
  const says = `the mapper '${mapper.name}'`
  if (!Array.isArray(mapper.types) || mapper.types.length === 0) wrong(`${says} needs a list of media types in 'types'.`)
  if (mapper.reads !== undefined && !Array.isArray(mapper.reads)) wrong(`${says} needs a list of media types in 'reads'.`)
  if (mapper.problemType !== undefined && (typeof mapper.problemType !== 'string' || !mediaType.test(mapper.problemType)))
    wrong(`${says} has ${JSON.stringify(mapper.problemType)} where a media type goes, in 'problemType'.`)
  for (const type of [...mapper.types, ...(mapper.reads ?? [])])
    if (typeof type !== 'string' || !mediaType.test(type)) wrong(`${says} has ${JSON.stringify(type)} where a media type such as 'text/csv' goes.`)
  const ways = (['parse', 'parseBytes', 'parseStream'] as const).filter((way) => mapper[way])
  for (const way of ['parse', 'parseBytes', 'parseStream', 'format', 'formatRows'] as const)
    if (mapper[way] !== undefined && typeof mapper[way] !== 'function') wrong(`${says} has something else than a function in '${way}'.`)
  if (ways.length > 1) wrong(`${says} has both '${ways[0]}' and '${ways[1]}'; one is enough.`)
  if (ways.length === 0 && !mapper.format && !mapper.formatRows) wrong(`${says} needs a 'parse' or a 'format'.`)
  if (mapper.suffix !== undefined && !/^\+[\w-]+$/.test(mapper.suffix))
    wrong(`${says} has the suffix ${JSON.stringify(mapper.suffix)}; one looks like '+json'.`)
  if (mapper.charset !== undefined && mapper.charset !== false && !Object.hasOwn(nodeEncodings, mapper.charset))
    wrong(`${says} has the charset ${JSON.stringify(mapper.charset)}; ${Object.keys(nodeEncodings).join(', ')} or false are known.`)
}

const nodeEncodings: Record<Charset, BufferEncoding> = { 'utf-8': 'utf8', 'utf-16le': 'utf16le', 'iso-8859-1': 'latin1', 'us-ascii': 'latin1' }
const highest: Record<Charset, number> = { 'utf-8': 0x10ffff, 'utf-16le': 0x10ffff, 'iso-8859-1': 0xff, 'us-ascii': 0x7f }

/** A text in a charset of the list. @throws RangeError when the charset has no such letter */
export function encode(text: string, charset: Charset): Buffer {
  if (highest[charset] < 0x100) {
    for (let index = 0; index < text.length; index++)
      if (text.charCodeAt(index) > highest[charset]) throw new RangeError(`${charset} has no letter for U+${text.codePointAt(index)?.toString(16)}.`)
  }
  return Buffer.from(text, nodeEncodings[charset])
}
