// The one careful reader of bodies: size, inflating, charset. Every mapper stands behind it, so none has to think of limits.
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { field } from './fields.js'
import { badRequest, contentTooLarge, Problem, unsupportedMediaType } from './problem.js'

/** True where the head of the request says that a body follows (RFC 9112 section 6.3). */
export function hasBody(req: IncomingMessage): boolean {
  const length = field(req, 'content-length')
  return (length !== undefined && length !== '0') || field(req, 'transfer-encoding') !== undefined
}

/**
 * Reads a whole body into one buffer, inflated.
 * @param limit the most bytes, counted on what comes out
 * @param done called once, with a {@link Problem} (400, 413, 415) or the bytes
 */
export function readBody(req: IncomingMessage, limit: number, done: (error: unknown, bytes: Buffer) => void): void {
  let body: Readable
  try {
    body = openBody(req, limit)
  } catch (error) {
    return done(error, none)
  }
  // The request itself is counted here; a stream of ours counts by itself and fails with the problem.
  const most = body === req ? limit : Number.POSITIVE_INFINITY
  let first: Buffer | undefined
  let rest: Buffer[] | undefined
  let length = 0
  let over = false
  body.on('data', (chunk: Buffer) => {
    if (over) return
    length += chunk.length
    if (length > most) {
      over = true
      first = rest = undefined
      req.pause()
      return done(tooLarge(limit), none)
    }
    if (first === undefined) first = chunk
    else if (rest) rest.push(chunk)
    else rest = [first, chunk]
  })
  body.on('end', () => {
    if (over) return
    over = true
    done(undefined, rest ? Buffer.concat(rest, length) : (first ?? none))
  })
  const failed = (error: unknown): void => {
    if (over) return
    over = true
    first = rest = undefined
    done(readError(error), none)
  }
  body.on('error', failed)
  // A stream that is over before its end says so only here.
  body.on('close', failed)
}

const none = Buffer.alloc(0)

/**
 * The body as a stream of inflated bytes that fails with a {@link Problem} beyond the limit.
 * @throws Problem 413 at once where the declared length is over the limit, 415 for an unknown Content-Encoding
 */
export function openBody(req: IncomingMessage, limit: number): Readable {
  const declared = field(req, 'content-length')
  // No byte is read of a body that is too long by its own word, and the connection ends with the answer (RFC 9110 section 15.5.14).
  if (declared !== undefined && Number(declared) > limit) throw tooLarge(limit)
  const coding = field(req, 'content-encoding')?.trim().toLowerCase()
  if (coding === undefined || coding === '' || coding === 'identity') return req
  const inflate = inflaters[coding]
  if (!inflate) {
    throw unsupportedMediaType(`The Content-Encoding ${JSON.stringify(coding)} is not known here.`, { headers: { 'Accept-Encoding': 'gzip, deflate, br' } })
  }
  return through(req, inflate(), limitTo(limit))
}

const inflaters: Record<string, () => Transform> = Object.assign(Object.create(null), {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
})

/** A stream that passes at most `limit` bytes and then fails with 413. */
export function limitTo(limit: number): Transform {
  let length = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
      length += chunk.length
      if (length > limit) next(tooLarge(limit))
      else next(null, chunk)
    },
  })
}

/** Body as a bounded stream for a reader of streams. */
export function openStream(req: IncomingMessage, limit: number): Readable {
  const body = openBody(req, limit)
  return body === req ? through(req, limitTo(limit)) : body
}

// A pipe that ends its far side with a problem instead of destroying the request: the answer still has to go out over its socket.
function through(req: IncomingMessage, ...steps: Transform[]): Readable {
  const feed = new PassThrough()
  const all = [feed, ...steps]
  const last = all.at(-1) as Transform
  const gone = (): void => {
    if (!req.complete) last.destroy(new Problem(400, 'The body was cut off.'))
  }
  req.once('close', gone).once('error', gone)
  // Also where nobody reads what comes out: an error without a listener would end the process.
  for (const step of all) step.on('error', (error) => last.destroy(readError(error) as Error))
  last.once('close', () => {
    req.off('close', gone).off('error', gone)
    req.unpipe(feed)
    if (!req.complete) req.pause()
    for (const step of all) step.destroy()
  })
  all.reduce<Readable>((from, to) => from.pipe(to as Transform), req)
  return last
}

function tooLarge(limit: number): Problem {
  return contentTooLarge(`The body is larger than ${limit} bytes.`, { headers: { Connection: 'close' } })
}

function readError(error: unknown): unknown {
  if (error instanceof Problem) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  // zlib's codes: Z_DATA_ERROR and the like, and for brotli ERR__ERROR_FORMAT_…
  if (code?.startsWith('Z_') || code?.startsWith('ERR_')) return badRequest('The body cannot be inflated.', { cause: error })
  return badRequest('The body was cut off.', { cause: error })
}

/**
 * The text that bytes are in a charset; a byte order mark is dropped.
 * @param charset as sent, in any case; `undefined` means utf-8
 * @throws Problem 400 where the bytes are not of that charset, 415 where it is unknown
 */
export function decodeText(bytes: Buffer, charset: string | undefined): string {
  switch (charset?.toLowerCase()) {
    case undefined:
    case 'utf-8':
    case 'utf8': {
      if (!isUtf8(bytes)) throw undecodable('utf-8')
      return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.toString('utf8', 3) : bytes.toString('utf8')
    }
    case 'utf-16': {
      // RFC 2781 section 4.3: the mark decides, and without one it is big-endian.
      const little = bytes[0] === 0xff && bytes[1] === 0xfe
      return decodeWith(little ? 'utf-16le' : 'utf-16be', bytes)
    }
    case 'utf-16le':
      return decodeWith('utf-16le', bytes)
    case 'utf-16be':
      return decodeWith('utf-16be', bytes)
    case 'iso-8859-1':
    case 'latin1':
      return bytes.toString('latin1')
    case 'us-ascii':
    case 'ascii':
      if (bytes.some((byte) => byte > 0x7f)) throw undecodable('us-ascii')
      return bytes.toString('latin1')
    default:
      throw unsupportedMediaType(`The charset ${JSON.stringify(charset)} is not known here.`)
  }
}

function decodeWith(label: string, bytes: Buffer): string {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes)
  } catch (error) {
    throw error instanceof RangeError ? unsupportedMediaType(`The charset ${label} is not known here.`) : undecodable(label)
  }
}

function undecodable(charset: string): Problem {
  return badRequest(`The body is not ${charset}.`)
}
