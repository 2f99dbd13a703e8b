// Context: what a handler and the filters around it get to see of one request.
import type { IncomingHttpHeaders } from 'node:http'
import type { Request, Response } from 'express'
import { type Query, readQuery } from './url.js'

/** The user of a request. Open for declaration merging: `declare module 'express-trestle' { interface User { name: string } }`. */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be filled by applications
export interface User {}

/** What the resource knows of the endpoint at hand: its place, and the application's own `meta`. */
export interface Place {
  /** The name of the resource. */
  readonly resource: string | undefined
  /** The first base path of the resource, `''` where Express mounted it. */
  readonly base: string
  /** The path as written in the definition, `/` for the root. */
  readonly path: string
  readonly verb: string
  /** The permission of the endpoint: its own, or `resource_<name>_<verb>`; `undefined` for OPTIONS, and where neither has a name. */
  readonly permission: string | undefined
  /** Whatever the application put into `meta`, inner levels over outer ones. */
  readonly meta: Readonly<Record<string, unknown>>
}

/**
 * One request: Express's own `req` and `res`, and what has been read of it.
 * `params`, `query`, `headers` and `body` are text as sent until a schema has turned them into what it says.
 */
export class Context<Params = Record<string, string>, Q = Query, H = IncomingHttpHeaders, Body = unknown> {
  readonly req: Request
  readonly res: Response
  params: Params
  body: Body
  readonly place: Place
  #query: Q | undefined
  #headers: H | undefined
  #controller: AbortController | undefined

  constructor(req: Request, res: Response, params: Params, place: Place, query: Q | undefined) {
    this.req = req
    this.res = res
    this.params = params
    this.body = undefined as Body
    this.place = place
    this.#query = query
    this.#headers = undefined
    this.#controller = undefined
  }

  /** The query parameters; a repeated one is a list. */
  get query(): Q {
    this.#query ??= readQuery('') as Q
    return this.#query
  }
  set query(query: Q) {
    this.#query = query
  }

  /** The header fields of the request, names in lower case. */
  get headers(): H {
    return this.#headers ?? (this.req.headers as H)
  }
  set headers(headers: H) {
    this.#headers = headers
  }

  /** Whoever made the request, as a filter or Express middleware such as passport found out; also `req.user`. */
  get user(): User | undefined {
    return (this.req as { user?: User }).user
  }
  set user(user: User | undefined) {
    ;(this.req as { user?: User | undefined }).user = user
  }

  /** The name of the resource. */
  get resource(): string | undefined {
    return this.place.resource
  }

  /** The verb of the endpoint, in lower case; `get` for a HEAD that GET answers. */
  get verb(): string {
    return this.place.verb
  }

  /** The application's own options for this endpoint. */
  get meta(): Readonly<Record<string, unknown>> {
    return this.place.meta
  }

  /** Aborts when the client leaves before it has the whole answer. Made when first asked for. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController()
      this.#controller = controller
      const left = (): void => {
        if (!this.res.writableFinished) controller.abort()
      }
      if (this.res.destroyed || this.res.closed) left()
      else this.res.once('close', left)
    }
    return this.#controller.signal
  }

  /**
   * Makes a URL reference to a path of this resource, where it is mounted. It never holds the host, which a client can make up.
   * A member like the others, so a handler may write `({ url }) => …`.
   *
   * @param path a path of the resource, its parameters filled from `params` and then from the request's own. @default the root of the resource
   * @example ctx.url('/:id', { id: 7 }) // '/api/contacts/7'
   * @throws RangeError when a parameter of the path has no value
   */
  get url(): (path?: string, params?: object) => string {
    return (path = '/', params = {}) => {
      const values = { ...this.params, ...params } as Record<string, unknown>
      const whole = (this.place.base + (path === '/' ? '' : path)).replaceAll(/:(\w+)/g, (_, name: string) => {
        const value = values[name]
        if (value === undefined || value === null) throw new RangeError(`url(): the path ${path} needs a value for ':${name}'.`)
        return encodeURIComponent(String(value))
      })
      return this.req.baseUrl + whole || '/'
    }
  }
}
