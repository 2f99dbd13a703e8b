// Entity tags, and whether a client has the answer already (RFC 9110 sections 8.8.3 and 13.1).
import { hash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import fresh from 'fresh'
import { isConditional } from './fields.js'
import type { Encoded } from './mapper.js'
import type { Headers } from './problem.js'

/** The `etag` option: a kind, on or off, or Express's setting where it is not said. */
export type EtagOption = boolean | 'weak' | 'strong' | undefined

const longestRemembered = 16 * 1024

/** Makes the entity tags of one endpoint, and remembers the last one: what is asked often is mostly still the same. */
export class Tags {
  readonly #option: EtagOption
  #body: Encoded | undefined
  #digest = ''

  constructor(option: EtagOption) {
    this.#option = option
  }

  /** The tag of an answer, `undefined` where it is to have none. */
  of(req: Request, body: Encoded): string | undefined {
    let kind: unknown = this.#option
    if (kind === undefined) {
      // A resource works on a bare Node server too, where there is no app.
      const settings = (req.app as unknown as { settings: Record<string, unknown> } | undefined)?.settings
      kind = settings?.etag
      if (settings && typeof kind === 'function') return (settings['etag fn'] as (body: Encoded, encoding: string) => string | undefined)(body, 'utf8')
    }
    if (kind === false) return undefined
    return kind === 'strong' ? `"${this.#digestOf(body)}"` : `W/"${this.#digestOf(body)}"`
  }

  #digestOf(body: Encoded): string {
    if (typeof body !== 'string' || body.length > longestRemembered) return digest(body)
    if (body !== this.#body) {
      this.#digest = digest(body)
      this.#body = body
    }
    return this.#digest
  }
}

function digest(body: Encoded): string {
  return hash('sha1', body, 'base64').slice(0, 27)
}

/** Whether the client has this answer already. Asked only of what was fetched well. */
export function isFresh(req: Request, res: ServerResponse, given: Headers | undefined, tag: string | undefined): boolean {
  if (!isConditional(req)) return false
  return fresh(req.headers, { etag: tag, 'last-modified': (given?.['Last-Modified'] ?? res.getHeader('Last-Modified')) as string | undefined })
}
