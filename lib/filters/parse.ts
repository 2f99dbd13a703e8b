// Parse: which mapper reads the body, and reading it. The order: the endpoint's own mapper, Content-Type, ?format= or suffix,
// the default mapper, the first mapper. Content-Type is read once, here; what comes out is what everything after it sees.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { parse as parseContentType } from 'content-type'
import { decodeText, hasBody, openStream, readBody } from '../body.js'
import type { Context } from '../context.js'
import { field } from '../fields.js'
import type { Mapper, ParseContext } from '../mapper.js'
import { badRequest, Problem, unsupportedMediaType } from '../problem.js'

/** A mapper to read with, and what the Content-Type says beside the type. */
interface Reading {
  readonly mapper: Mapper
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

/** The options that decide what is read, and how. */
export interface ParseOptions {
  mappers: readonly Mapper[]
  mapper?: Mapper | undefined
  defaultMapper?: Mapper | undefined
  /** The most bytes of a body, inflated. */
  limit: number
  /** The JSON Schema of the body, for formats that ask for it. */
  schema?: object | boolean | undefined
  /** `'raw'`: a Buffer; `'stream'`: a Readable; neither minds the Content-Type. */
  as?: 'raw' | 'stream' | undefined
  /** Turns the texts of an untyped format into what the schema says they are. */
  coerce?: ((data: unknown) => unknown) | undefined
  /** The verb, for the header field that tells what would be read. */
  verb: string
}

const remembered = 100
const longestRemembered = 256
const typeAlone = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/

/** How an endpoint reads bodies. Made once with the resource. */
export class Parsing {
  readonly #options: ParseOptions
  readonly #readers: readonly Mapper[]
  readonly #own: Mapper | undefined
  readonly #memory = new Map<string, Reading>()
  /** The header fields that tell what is read: RFC 5789 section 3.1 and what followed its example. */
  readonly told: Readonly<Record<string, string>>

  constructor(options: ParseOptions) {
    this.#options = options
    this.#readers = options.mappers.filter(reads)
    const also: Record<string, string> = { patch: 'Accept-Patch', post: 'Accept-Post', query: 'Accept-Query' }
    const field = also[options.verb]
    const types = this.#types()
    this.told = field && types && options.as === undefined ? { [field]: types } : {}
    // An own mapper that only writes says nothing of what is read.
    this.#own = options.mapper && reads(options.mapper) ? options.mapper : undefined
  }

  /**
   * The body of a request: `undefined` where there is none.
   * @param format the name that `?format=` or the suffix gave
   * @throws Problem 400, 413, 415; also as a rejection
   */
  read(ctx: Context, format: string | undefined): unknown {
    const req: IncomingMessage & { body?: unknown } = ctx.req
    const { as, limit } = this.#options
    // Middleware such as express.json() has been here: what it read is the body.
    if (req.body !== undefined && (req.readableEnded || req.readableDidRead)) return as === undefined ? req.body : bytesOf(req.body, as)
    if (as === 'stream') return openStream(req, limit)
    if (!hasBody(req) || req.readableEnded) return as === 'raw' ? Buffer.alloc(0) : undefined
    if (as === 'raw') return read(req, limit, (bytes) => bytes)
    const { mapper, type, parameters } = this.#reading(field(req, 'content-type'), format)
    if (mapper.parseStream) {
      const body = openStream(req, limit)
      return settle(() => mapper.parseStream?.(body, new Parse(ctx, type, parameters, this.#options))).then((data) => this.#typed(mapper, data))
    }
    return read(req, limit, (bytes) => {
      if (bytes.length === 0) return undefined
      const context = new Parse(ctx, type, parameters, this.#options)
      const data = mapper.parseBytes ? mapper.parseBytes(bytes, context) : mapper.parse?.(decodeText(bytes, parameters.charset), context)
      return this.#typed(mapper, data)
    })
  }

  #typed({ untyped }: Mapper, data: unknown): unknown {
    return untyped && this.#options.coerce ? this.#options.coerce(data) : data
  }

  #reading(contentType: string | undefined, format: string | undefined): Reading {
    const { defaultMapper } = this.#options
    const mapper = this.#own
    if (contentType === undefined) {
      const word = format?.toLowerCase()
      const chosen =
        mapper ??
        this.#readers.find(({ name, types }) => name === format || types.includes(word as string)) ??
        (defaultMapper && reads(defaultMapper) ? defaultMapper : this.#readers[0])
      if (!chosen) throw this.#unsupported('Bodies are not read here.')
      return { mapper: chosen, type: chosen.types[0] as string, parameters: {} }
    }
    const known = this.#memory.get(contentType)
    if (known) return known
    const { type, parameters } = parseContentType(contentType)
    if (!typeAlone.test(type)) throw this.#unsupported('The Content-Type is not a media type.')
    const lower = type.toLowerCase()
    const chosen =
      mapper ?? this.#readers.find((reader) => readsType(reader, lower)) ?? this.#readers.find(({ suffix }) => suffix !== undefined && lower.endsWith(suffix))
    if (!chosen) throw this.#unsupported(`A body of type ${lower} is not read here.`)
    const reading = { mapper: chosen, type: lower, parameters }
    if (contentType.length <= longestRemembered && !parameters.boundary) {
      if (this.#memory.size >= remembered) this.#memory.clear()
      this.#memory.set(contentType, reading)
    }
    return reading
  }

  #unsupported(detail: string): Problem {
    const types = this.#types()
    // RFC 9110 section 15.5.16.
    return unsupportedMediaType(detail, { headers: types ? { Accept: types, ...this.told } : {} })
  }

  #types(): string {
    return [...new Set(this.#readers.flatMap(({ types, reads = [] }) => [...types, ...reads]))].join(', ')
  }
}

// A class, because an object literal with a getter would be a kind of its own for each request.
class Parse implements ParseContext {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
  readonly limit: number
  readonly schema: object | boolean | undefined
  readonly #ctx: Context

  constructor(ctx: Context, type: string, parameters: Readonly<Record<string, string>>, { limit, schema }: ParseOptions) {
    this.type = type
    this.parameters = parameters
    this.limit = limit
    this.schema = schema
    this.#ctx = ctx
  }

  get signal(): AbortSignal {
    return this.#ctx.signal
  }

  // A mapper may take it out of the context, so it must not ask for a `this`.
  get onEnd(): (clean: () => void) => void {
    const { res } = this.#ctx
    return (clean) => {
      if (res.closed || res.destroyed) clean()
      else res.once('close', clean)
    }
  }
}

function bytesOf(body: unknown, as: 'raw' | 'stream'): Buffer | Readable {
  if (!Buffer.isBuffer(body))
    throw new TypeError(`The endpoint asks for a body as '${as}', but middleware before it has read the body and kept no bytes of it.`)
  return as === 'raw' ? body : Readable.from([body], { objectMode: false })
}

function reads({ parse, parseBytes, parseStream }: Mapper): boolean {
  return (parse ?? parseBytes ?? parseStream) !== undefined
}

function readsType({ types, reads }: Mapper, type: string): boolean {
  return types.includes(type) || reads?.includes(type) === true
}

function read(req: IncomingMessage, limit: number, parse: (bytes: Buffer) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    readBody(req, limit, (error, bytes) => {
      if (error) return reject(error)
      try {
        resolve(parse(bytes))
      } catch (thrown) {
        reject(parseError(thrown))
      }
    })
  })
}

async function settle(parse: () => unknown): Promise<unknown> {
  try {
    return await parse()
  } catch (error) {
    throw parseError(error)
  }
}

// What a parser says of a text is a client's mistake; a stack that ran out is one too: the text was too deep.
function parseError(error: unknown): unknown {
  if (error instanceof Problem) return error
  if (error instanceof SyntaxError) return badRequest(error.message.slice(0, 300), { cause: error })
  if (error instanceof RangeError && error.message.includes('call stack')) return badRequest('The body is nested too deeply.')
  return error
}
