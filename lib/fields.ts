// Fields: one header field of a request, without making Node put all of them into an object where nobody has asked for that.
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

// Where Node keeps that object once somebody has asked for it, and perhaps changed it. Without such a place the object is always asked.
const kept =
  Object.getOwnPropertySymbols(new IncomingMessage(undefined as unknown as Socket)).find(({ description }) => description === 'kHeaders') ?? Symbol('nowhere')

const hasBeenAsked = (req: IncomingMessage): boolean => (req as unknown as Record<symbol, unknown>)[kept] !== null

/**
 * A header field of a request.
 * @param name in lower case
 */
export function field(req: IncomingMessage, name: string): string | undefined {
  if (hasBeenAsked(req)) return req.headers[name] as string | undefined
  const { rawHeaders } = req
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const other = rawHeaders[index] as string
    if (other.length !== name.length || other.toLowerCase() !== name) continue
    // A field that is there twice is put together by Node's own rules.
    if (found !== undefined) return req.headers[name] as string | undefined
    found = rawHeaders[index + 1]
  }
  return found
}

/** Whether a request asks for what has changed since (RFC 9110 section 13.1). */
export function isConditional(req: IncomingMessage): boolean {
  if (hasBeenAsked(req)) return req.headers['if-none-match'] !== undefined || req.headers['if-modified-since'] !== undefined
  const { rawHeaders } = req
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if ((name.length === 13 && name.toLowerCase() === 'if-none-match') || (name.length === 17 && name.toLowerCase() === 'if-modified-since')) return true
  }
  return false
}
