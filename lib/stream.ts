// Stream: answers that come piece by piece, bytes as they are and rows through a mapper, with backpressure and bounded memory.
import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { Request, Response } from 'express'
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
}

/** True for Node streams, web streams and async iterables. */
export function isStream(data: unknown): data is AsyncIterable<unknown> {
  return typeof data === 'object' && data !== null && Symbol.asyncIterator in data
}

const batch = 16 * 1024

/**
 * Sends an async iterable: bytes where its first piece is bytes (or it is a stream of bytes), rows otherwise.
 * Nothing is sent before the first piece is there, so a source that fails at once is still an ordinary error.
 * @throws what the source or the mapper throws; after the first byte the connection is cut, so that nobody takes half for the whole
 */
export async function sendStream(
  req: Request,
  res: Response,
  data: AsyncIterable<unknown>,
  { code, given, vary, contentType, mapper, context }: StreamOptions,
): Promise<void> {
  const source = data[Symbol.asyncIterator]()
  const first = await source.next()
  const isBytes = first.done
    ? data instanceof Readable && !data.readableObjectMode
    : first.value instanceof Uint8Array || (data instanceof Readable && !data.readableObjectMode)
  const headers: Headers = isBytes ? {} : { ...mapper.headers }
  if (!res.hasHeader('Content-Type')) headers['Content-Type'] = isBytes ? 'application/octet-stream' : contentType
  if (vary !== undefined) headers.Vary = vary
  const rest = resume(first, source)
  if (req.method === 'HEAD') {
    await source.return?.()
    res.writeHead(code, { ...headers, ...given } as Record<string, string | string[]>)
    res.end()
    return
  }
  let pieces: AsyncIterable<Encoded>
  if (isBytes) pieces = rest as AsyncIterable<Encoded>
  else if (mapper.formatRows) pieces = mapper.formatRows(rest, context)
  else pieces = gathered(rest, mapper, context)
  const out = pieces[Symbol.asyncIterator]()
  try {
    const piece = await out.next()
    res.writeHead(code, { ...headers, ...given } as Record<string, string | string[]>)
    await pump(res, out, piece, isBytes ? false : mapper.charset)
  } finally {
    await out.return?.()
    await source.return?.()
  }
  if (!res.destroyed) res.end()
}

// Small pieces are put together, so that a row does not cost a packet.
async function pump(res: Response, source: AsyncIterator<Encoded>, first: IteratorResult<Encoded>, charset: Mapper['charset']): Promise<void> {
  let text = ''
  for (let piece = first; !piece.done; piece = await source.next()) {
    if (res.destroyed) return
    const { value } = piece
    if (typeof value === 'string') {
      text += value
      if (text.length < batch) continue
      await send(res, encoded(text, charset))
      text = ''
    } else {
      if (text) await send(res, encoded(text, charset))
      text = ''
      await send(res, value)
    }
  }
  if (text && !res.destroyed) await send(res, encoded(text, charset))
}

function encoded(text: string, charset: Mapper['charset']): Encoded {
  return charset === undefined || charset === false || charset === 'utf-8' ? text : encode(text, charset)
}

async function send(res: Response, chunk: Encoded): Promise<void> {
  if (res.write(chunk) || res.destroyed) return
  const gone = new AbortController()
  const left = (): void => gone.abort()
  res.once('close', left)
  try {
    await once(res, 'drain', { signal: gone.signal })
  } catch (error) {
    if (!gone.signal.aborted) throw error
  } finally {
    res.off('close', left)
  }
}

async function* resume<Piece>(first: IteratorResult<Piece>, source: AsyncIterator<Piece>): AsyncGenerator<Piece> {
  for (let piece = first; !piece.done; piece = await source.next()) yield piece.value
}

// A format without a way to write rows gets them all at once, as a list.
async function* gathered(rows: AsyncIterable<unknown>, mapper: Mapper, context: FormatContext): AsyncGenerator<Encoded> {
  const list: unknown[] = []
  for await (const row of rows) list.push(row)
  if (!mapper.format) throw new TypeError(`The mapper '${mapper.name}' cannot write rows.`)
  yield mapper.format(list, context)
}
