// The URL of a request, read once and by us: Express's query parser may be switched off, simple or extended, and changes what a name means.
import { badRequest } from './problem.js'

/** Query parameters by name: text, or a list where a name was repeated. Has no prototype. */
export type Query = Record<string, string | string[]>

const mostParameters = 1000

/** Path and query of a request target; a proxy's client may send a whole URL (RFC 9112 section 3.2.2). */
export function originForm(target: string): string {
  if (target.charCodeAt(0) === 0x2f) return target
  const rest = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*(.*)$/is.exec(target)?.[1]
  return rest === undefined ? target : rest.startsWith('/') ? rest : `/${rest}`
}

/** Percent-decodes one piece of a URL. @throws Problem 400 */
export function decode(text: string): string {
  if (text.indexOf('%') < 0) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw badRequest('The URL has a broken percent-encoding.')
  }
}

/**
 * Reads what stands behind the question mark, as a form is read: `+` is a space, a repeated name becomes a list.
 * @throws Problem 400 for a broken percent-encoding and for more than 1000 parameters
 */
export function readQuery(text: string): Query {
  const query: Query = Object.create(null)
  let count = 0
  for (let start = 0; start <= text.length; ) {
    let end = text.indexOf('&', start)
    if (end < 0) end = text.length
    if (end > start) {
      if (++count > mostParameters) throw badRequest(`The URL has more than ${mostParameters} parameters.`)
      const equals = text.indexOf('=', start)
      const split = equals < 0 || equals > end ? end : equals
      const name = decode(text.slice(start, split).replaceAll('+', ' '))
      const value = split === end ? '' : decode(text.slice(split + 1, end).replaceAll('+', ' '))
      const before = query[name]
      if (before === undefined) query[name] = value
      else if (typeof before === 'string') query[name] = [before, value]
      else before.push(value)
    }
    start = end + 1
  }
  return query
}
