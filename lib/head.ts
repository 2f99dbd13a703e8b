// Head: status and header fields of an answer, put together from what we, the handler and Express say, and written at once.
import type { ServerResponse } from 'node:http'
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
