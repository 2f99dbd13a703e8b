// Respond: the end of every request. Data, a Reply, a stream or a problem becomes status, header fields and bytes, in one place.
import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, Response } from 'express'
import fresh from 'fresh'
import type { Choice, Format } from './filters/negotiate.js'
import { type Encoded, encode, type FormatContext, type Mapper } from './mapper.js'
import type { Headers, Problem } from './problem.js'
import { Reply } from './reply.js'
import { isStream, sendStream } from './stream.js'

/** What the end of a request has to know of its endpoint. */
export interface Ending {
  /** The name of the resource. */
  readonly name: string | undefined
  /** The `etag` option; `undefined` asks Express's setting. */
  readonly etag: boolean | 'weak' | 'strong' | undefined
  /** The JSON Schema of the answer at a status, and the serializer compiled from it. */
  readonly shape: (status: number) => Shape
}

/** How an answer looks: its schema, where there is one, and what writes it as JSON. */
export interface Shape {
  readonly schema: object | boolean | undefined
  readonly stringify: (data: unknown) => string
}

/** The shape of an answer that nobody described. */
export const shapeless: Shape = { schema: undefined, stringify: (data) => JSON.stringify(data) }

/**
 * Answers with what a handler gave. What the handler set on `res` is kept; a handler that has answered by itself is left alone.
 *
 * @param result data, a {@link Reply}, a stream, `undefined`, or `res` itself from a handler that will answer by itself
 * @throws whatever the mapper or the source of a stream throws before the first byte
 */
export function respond(req: Request, res: Response, result: unknown, choice: Choice, ending: Ending): void | Promise<void> {
  let data = result
  let status: number | undefined
  let given: Headers | undefined
  if (result instanceof Reply) ({ data, status, headers: given } = result)
  if (res.headersSent || res.writableEnded || data === res) return
  const code = status ?? (res.statusCode !== 200 ? res.statusCode : data === undefined ? 204 : 200)

  if (data === undefined || code === 204 || code === 205 || code === 304) {
    // RFC 9110 sections 8.6 and 15.4.5: no Content-Length in a 204 or 304; a redirect or a 201 without a body says that it is empty.
    write(res, code, code === 204 || code === 304 ? { ...given } : { 'Content-Length': 0, ...given }, undefined)
    return
  }
  const { mapper } = choice
  const vary = choice.negotiated ? varyWith(res, 'Accept') : undefined
  if (isStream(data)) {
    const shape = ending.shape(code)
    return sendStream(req, res, data, { code, given, vary, contentType: choice.contentType, mapper, context: formatContext(req, ending.name, shape, false) })
  }
  let body: Encoded
  let contentType = choice.contentType
  if (data instanceof Uint8Array) {
    body = data
    contentType = 'application/octet-stream'
  } else {
    body = format(mapper, data, formatContext(req, ending.name, ending.shape(code), false))
  }
  const headers: Headers = data instanceof Uint8Array ? {} : { ...mapper.headers }
  if (!res.hasHeader('Content-Type')) headers['Content-Type'] = contentType
  if (vary !== undefined) headers.Vary = vary
  if (code === 200 && (req.method === 'GET' || req.method === 'HEAD' || req.method === 'QUERY')) {
    const tag = entityTag(req, res, given, body, ending.etag)
    if (tag !== undefined) headers.ETag = tag
    if (isFresh(req, res, given, tag)) {
      delete headers['Content-Type']
      res.removeHeader('Content-Type')
      write(res, 304, { ...headers, ...given }, undefined)
      return
    }
  }
  headers['Content-Length'] = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  write(res, code, given ? Object.assign(headers, given) : headers, body)
}

/** Answers with a problem, in the format that the client chose. @throws what the mapper throws */
export function respondProblem(req: IncomingMessage, res: Response, problem: Problem, choice: Choice, name?: string): void {
  if (res.headersSent || res.writableEnded) return
  const { mapper, contentType }: Format = choice.problem
  const body = format(mapper, problem.toJSON(), formatContext(req as Request, name, shapeless, true))
  // What was said of the representation that did not come is not true of this one.
  for (const field of representation) res.removeHeader(field)
  const headers: Headers = { ...mapper.headers, 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body), ...problem.headers }
  if (choice.negotiated) headers.Vary = varyWith(res, 'Accept')
  if (!req.complete && problem.headers.Connection === 'close') return writeAndLinger(req, res, problem.status, headers, body)
  write(res, problem.status, headers, body)
}

const representation = ['ETag', 'Last-Modified', 'Content-Encoding', 'Content-Language', 'Content-Range', 'Content-Disposition', 'Content-Type']

function write(res: ServerResponse, code: number, headers: Headers, body: Encoded | undefined): void {
  res.writeHead(code, headers as Record<string, string | number | string[]>)
  if (body === undefined) res.end()
  else res.end(body)
}

const lingerFor = 1000

// The client is still sending. Were the connection closed now, the system would throw the answer away with what is unread,
// so the answer is sent whole and the rest of the body thrown away for a moment (RFC 9112 section 9.6).
function writeAndLinger(req: IncomingMessage, res: ServerResponse, code: number, headers: Headers, body: Encoded): void {
  res.writeHead(code, headers as Record<string, string | number | string[]>)
  res.write(body)
  const end = (): void => {
    clearTimeout(timer)
    res.end()
  }
  const timer = setTimeout(end, lingerFor)
  timer.unref()
  req.once('end', end)
  req.once('close', end)
  req.resume()
}

function format(mapper: Mapper, data: unknown, context: FormatContext): Encoded {
  const { charset = 'utf-8' } = mapper
  if (!mapper.format) throw new TypeError(`The mapper '${mapper.name}' writes rows only, and the handler gave something else.`)
  const body = mapper.format(data, context)
  if (typeof body === 'string') return charset === 'utf-8' || charset === false ? body : encode(body, charset)
  if (!(body instanceof Uint8Array)) throw new TypeError(`The mapper '${mapper.name}' cannot write what the handler gave.`)
  return body
}

function formatContext(req: Request, name: string | undefined, { schema, stringify }: Shape, problem: boolean): FormatContext {
  return { name, schema, stringify, problem, url: req.originalUrl ?? req.url }
}

function varyWith(res: ServerResponse, field: string): string {
  const before = res.getHeader('Vary')
  if (before === undefined) return field
  const list = String(before)
  if (
    list === '*' ||
    list
      .toLowerCase()
      .split(/\s*,\s*/)
      .includes(field.toLowerCase())
  )
    return list
  return `${list}, ${field}`
}

// The option of the resource, or else Express's setting: false, 'weak', 'strong', or a function of the application's own.
function entityTag(
  req: Request,
  res: Response,
  given: Headers | undefined,
  body: Encoded,
  option: boolean | 'weak' | 'strong' | undefined,
): string | undefined {
  const own = given?.ETag ?? res.getHeader('ETag')
  if (own !== undefined) return String(own)
  let kind: unknown = option
  if (kind === undefined) {
    const settings = (req.app as { settings?: Record<string, unknown> } | undefined)?.settings
    kind = settings ? settings.etag : 'weak'
    if (typeof kind === 'function')
      return settings?.['etag fn'] ? (settings['etag fn'] as (body: Encoded, encoding?: string) => string | undefined)(body, 'utf8') : undefined
  }
  if (kind === false) return undefined
  const digest = hash('sha1', body, 'base64').slice(0, 27)
  return kind === 'strong' ? `"${digest}"` : `W/"${digest}"`
}

// RFC 9110 section 13.1; asked only of what was fetched well.
function isFresh(req: Request, res: Response, given: Headers | undefined, tag: string | undefined): boolean {
  const { headers } = req
  if (headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined) return false
  return fresh(headers, { etag: tag, 'last-modified': (given?.['Last-Modified'] ?? res.getHeader('Last-Modified')) as string | undefined })
}
