// Respond: the end of every request. Data, a Reply, a stream or a problem becomes status, header fields and bytes, in one place.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request, Response } from 'express'
import type { Answer } from './answer.js'
import type { Context } from './context.js'
import { isFresh, type Tags } from './etag.js'
import type { Choice, Format } from './filters/negotiate.js'
import { isUnread, linger, spelled, varyWith, writeHead } from './head.js'
import { type Encoded, encode, type FormatContext, type Mapper } from './mapper.js'
import type { Headers, Problem } from './problem.js'
import { Reply } from './reply.js'
import { type Shape, shapeless } from './shape.js'
import { isStream, octets, sendStream } from './stream.js'
import { originForm } from './url.js'
import { toWire } from './wire.js'

/** What the end of a request has to know of its endpoint. */
export interface Ending {
  /** The name of the resource. */
  readonly name: string | undefined
  /** Makes the entity tags of what is fetched. */
  readonly tags: Tags
  /** What the endpoint says its answers look like. */
  readonly answer: Answer
}

/**
 * Answers with what a handler gave. What the handler set on `res` is kept; a handler that has answered by itself is left alone.
 *
 * @param result data, a {@link Reply}, a stream, `undefined`, or `res` itself from a handler that will answer by itself
 * @returns a promise where the answer is a stream, or its schema is one that answers with a promise
 * @throws before the first byte: AnswerError, and whatever the mapper or the source of a stream throws
 */
export function respond(ctx: Context, result: unknown, choice: Choice, ending: Ending): void | Promise<void> {
  const { req, res } = ctx
  let data = result
  let status: number | undefined
  let given: Headers | undefined
  if (result instanceof Reply) {
    ;({ data, status } = result)
    given = result.headers && spelled(result.headers)
  }
  if (res.headersSent || data === res) return
  const code = status ?? (res.statusCode !== 200 ? res.statusCode : data === undefined ? 204 : 200)
  const { answer, name } = ending
  if (answer.hasHeaders) given = answer.headers(given, (field) => res.getHeader(field))

  if (data === undefined || code === 204 || code === 205 || code === 304) {
    // RFC 9110 sections 8.6 and 15.4.5: no Content-Length in a 204 or 304; a redirect or a 201 without a body says that it is empty.
    write(res, code, code === 204 || code === 304 ? { ...given } : { 'Content-Length': 0, ...given }, undefined)
    return
  }
  if (data instanceof Uint8Array) return send(ctx, code, given, data, choice.mapper.raw ? choice.contentType : octets, choice, ending)
  const { mapper, contentType } = choice
  if (isStream(data)) {
    const shape = answer.rowShape(code)
    const json = writesJson(mapper)
    const vary = varied(res, given, choice)
    const context = formatContext(req, name, shape, false)
    return sendStream(req, res, data, { code, given, vary, contentType, mapper, context, each: (row) => shape.prepare(answer.toData(row, code, ctx), json) })
  }
  const shape = answer.shape(code, data)
  const ready = shape.prepare(data, writesJson(mapper))
  const go = (prepared: unknown): void => send(ctx, code, given, format(mapper, prepared, formatContext(req, name, shape, false)), contentType, choice, ending)
  return ready instanceof Promise ? ready.then(go) : go(ready)
}

// A mapper that writes JSON does so by `stringify`, which strips what the schema does not know; for all others it is stripped before.
function writesJson({ suffix }: Mapper): boolean {
  return suffix === '+json'
}

function send(ctx: Context, code: number, given: Headers | undefined, body: Encoded, contentType: string, choice: Choice, ending: Ending): void {
  const { req, res } = ctx
  const headers: Headers = body instanceof Uint8Array || choice.mapper.headers === undefined ? {} : { ...choice.mapper.headers }
  if (!res.hasHeader('Content-Type')) headers['Content-Type'] = contentType
  const vary = varied(res, given, choice)
  if (vary !== undefined) headers.Vary = vary
  if (code === 200 && (req.method === 'GET' || req.method === 'HEAD' || req.method === 'QUERY')) {
    const own = given?.ETag ?? res.getHeader('ETag')
    const tag = own === undefined ? ending.tags.of(req, body) : String(own)
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

// The value of Vary, where the client had a say; also put among the fields of a Reply that has one of its own.
function varied(res: ServerResponse, given: Headers | undefined, { negotiated }: Choice): string | undefined {
  if (!negotiated) return undefined
  const vary = varyWith(res, given, 'Accept')
  if (given) given.Vary = vary
  return vary
}

/** Answers with a problem, in the format that the client chose. @throws what the mapper throws */
export function respondProblem(req: IncomingMessage, res: Response, problem: Problem, choice: Choice, name?: string): void {
  if (res.headersSent) return
  const { mapper, contentType }: Format = choice.problem
  const body = format(mapper, toWire(problem.toJSON()), formatContext(req as Request, name, shapeless, true))
  // What was said of the representation that did not come is not true of this one.
  for (const field of representation) res.removeHeader(field)
  const given = spelled(problem.headers)
  const headers: Headers = { ...mapper.headers, ...given, 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) }
  if (choice.negotiated) headers.Vary = varyWith(res, given, 'Accept')
  write(res, problem.status, headers, body)
}

const representation = ['ETag', 'Last-Modified', 'Content-Encoding', 'Content-Language', 'Content-Range', 'Content-Disposition', 'Content-Type']

function write(res: ServerResponse, code: number, headers: Headers, body: Encoded | undefined): void {
  if (isUnread(res.req, headers)) {
    headers.Connection = 'close'
    writeHead(res, code, headers)
    if (body !== undefined) res.write(body)
    return linger(res.req, res)
  }
  writeHead(res, code, headers)
  if (body === undefined) res.end()
  else res.end(body)
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
  return { name, schema, stringify, problem, url: originForm(req.originalUrl ?? req.url) }
}
