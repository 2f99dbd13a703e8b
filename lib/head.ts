// Head: status and header fields of an answer, put together from what we, the handler and Express say, and written at once.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Headers } from './problem.js'

// Node would send two fields where one name stands there in two spellings. These are the ones we write ourselves.
const ours = new Map(['Content-Type', 'Content-Length', 'Vary', 'ETag', 'Last-Modified', 'Allow', 'Connection'].map((name) => [name.toLowerCase(), name]))

/** A copy of header fields, those that we write too under the name that we give them. */
export function spelled(headers: Headers): Headers {
  const copy: Headers = {}
  for (const name of Object.keys(headers)) copy[ours.get(name.toLowerCase()) ?? name] = headers[name] as string
  return copy
}

/** The Vary field with one more name in it; what stands on `res` and what is given are kept. */
export function varyWith(res: ServerResponse, given: Headers | undefined, field: string): string {
  const set = res.getHeader('Vary')
  const own = given?.Vary
  if (set === undefined && own === undefined) return field
  const names = [set, own, field].flatMap((list) => (list === undefined ? [] : String(list).split(/\s*,\s*/)))
  if (names.includes('*')) return '*'
  const seen = new Set<string>()
  return names.filter((name) => !seen.has(name.toLowerCase()) && seen.add(name.toLowerCase())).join(', ')
}

/** Node's `writeHead`; where it throws, nothing of ours stays behind for whoever answers instead. */
export function writeHead(res: ServerResponse, code: number, headers: Headers): void {
  const before = res.statusCode
  try {
    res.writeHead(code, headers as Record<string, string | number | string[]>)
  } catch (error) {
    res.statusCode = before
    for (const name of Object.keys(headers)) res.removeHeader(name)
    throw error
  }
}

/** True where the client is still sending a body that was begun to be read, or that the answer refuses. */
export function isUnread(req: IncomingMessage, headers: Headers): boolean {
  return (req.readableDidRead || headers.Connection === 'close') && !req.complete
}

const lingerFor = 1000

/**
 * Ends an answer whose client is still sending. Were the connection closed at once, the system would throw the answer away with what is unread;
 * were it kept, the rest would stand in the way of the next request. So the answer is sent whole, it says `Connection: close`, and the rest of the
 * body is thrown away for a moment (RFC 9112 section 9.6).
 */
export function linger(req: IncomingMessage, res: ServerResponse): void {
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
