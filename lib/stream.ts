// Stream: answers that come piece by piece, bytes as they are and rows through a mapper, with backpressure and bounded memory.
import { Readable } from 'node:stream'
import type { Request, Response } from 'express'
import { isUnread, linger, writeHead } from './head.js'
import { type Encoded, encode, type FormatContext, type Mapper } from './mapper.js'
import type { Headers } from './problem.js'

/** What {@link sendStream} needs to know of the answer. */
export interface StreamOptions {
  code: number
  given: Headers | undefined
  vary: string | undefined
  contentType: string
  mapper: Mapper
  context: FormatContext
  /** What is done to each row before it is written. */
  each: (row: unknown) => unknown
}

/** The type of bytes that nobody named. */
export const octets = 'application/octet-stream'

/** True for Node streams, web streams and async iterables. */
export function isStream(data: unknown): data is AsyncIterable<unknown> {
  return typeof data === 'object' && data !== null && Symbol.asyncIterator in data
}

const batch = 16 * 1024

/**
 * Sends an async iterable: bytes where its first piece is bytes (or it is a stream of bytes), rows otherwise.
 * Nothing is sent before the first piece is there, so a source that fails at once is still an ordinary error.
 * @throws what the source or the mapper throws; Express cuts the connection then where the first byte is out, so that nobody takes half for the whole
 */
export async function sendStream(req: Request, res: Response, data: AsyncIterable<unknown>, options: StreamOptions): Promise<void> {
  // A source that waits for something would wait on for a client that has left.
  if (data instanceof Readable) res.once('close', () => data.destroy())
  try {
    await deliver(req, res, data, options)
  } catch (error) {
    if (!res.destroyed) throw error
  }
}

async function deliver(
  req: Request,
  res: Response,
  data: AsyncIterable<unknown>,
  { code, given, vary, contentType, mapper, context, each }: StreamOptions,
): Promise<void> {
  const source = data[Symbol.asyncIterator]()
  const first = await source.next()
  const isBytes = first.done
    ? data instanceof Readable && !data.readableObjectMode
    : first.value instanceof Uint8Array || (data instanceof Readable && !data.readableObjectMode)
  const headers: Headers = isBytes ? {} : { ...mapper.headers }
  if (!res.hasHeader('Content-Type')) headers['Content-Type'] = isBytes && !mapper.raw ? octets : contentType
  if (vary !== undefined) headers.Vary = vary
  if (isUnread(req, headers)) headers.Connection = 'close'
  const rest = resume(first, source)
  if (req.method === 'HEAD') {
    await source.return?.()
    writeHead(res, code, { ...headers, ...given })
    res.end()
    return
  }
  let pieces: AsyncIterable<Encoded>
  if (isBytes) pieces = rest as AsyncIterable<Encoded>
  else pieces = mapper.formatRows ? mapper.formatRows(changed(rest, each), context) : gathered(changed(rest, each), mapper, context)
  const out = pieces[Symbol.asyncIterator]()
  try {
    const piece = await out.next()
    writeHead(res, code, { ...headers, ...given })
    await pump(res, out, piece, isBytes ? false : mapper.charset)
  } finally {
    await out.return?.()
    await source.return?.()
  }
  if (res.destroyed) return
  if (isUnread(req, headers)) linger(req, res)
  else res.end()
}

// Small pieces are put together, so that a row does not cost a packet.
async function pump(res: Response, source: AsyncIterator<Encoded>, first: IteratorResult<Encoded>, charset: Mapper['charset']): Promise<void> {
  // One listener for the whole answer: compression takes those for `drain` to a stream of its own and gives none back.
  let wake: (() => void) | undefined
  const ready = (): void => wake?.()
  res.on('drain', ready).once('close', ready)
  const send = async (chunk: Encoded): Promise<void> => {
    if (res.write(chunk) || res.destroyed) return
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  let text = ''
  for (let piece = first; !piece.done; piece = await source.next()) {
    if (res.destroyed) return
    const { value } = piece
    if (typeof value === 'string') {
      text += value
      if (text.length < batch) continue
      await send(encoded(text, charset))
      text = ''
    } else {
      if (text) await send(encoded(text, charset))
      text = ''
      await send(value)
    }
  }
  if (text && !res.destroyed) await send(encoded(text, charset))
}

function encoded(text: string, charset: Mapper['charset']): Encoded {
  return charset === undefined || charset === false || charset === 'utf-8' ? text : encode(text, charset)
}

async function* resume<Piece>(first: IteratorResult<Piece>, source: AsyncIterator<Piece>): AsyncGenerator<Piece> {
  for (let piece = first; !piece.done; piece = await source.next()) yield piece.value
}

async function* changed(rows: AsyncIterable<unknown>, each: (row: unknown) => unknown): AsyncGenerator<unknown> {
  for await (const row of rows) yield each(row)
}

// A format without a way to write rows gets them all at once, as a list.
async function* gathered(rows: AsyncIterable<unknown>, mapper: Mapper, context: FormatContext): AsyncGenerator<Encoded> {
  const list: unknown[] = []
  for await (const row of rows) list.push(row)
  if (!mapper.format) throw new TypeError(`The mapper '${mapper.name}' cannot write rows.`)
  yield mapper.format(list, context)
}
