// Resource: a definition becomes an Express router. The one place where the steps of a request are put in order.
import { type Request, type RequestHandler, Router } from 'express'
import { type Line, type Resolved, readDefinition } from './definition.js'
import type { Definition, ResourceOptions, Typed } from './endpoint.js'
import { field } from './fields.js'
import { mappers } from './mappers.js'
import { Formats, Spot } from './spot.js'
import { type Match, Table } from './table.js'
import { originForm } from './url.js'
import { refuse, Visit } from './visit.js'

const defaults: Resolved = { use: [], mappers, suffix: true, bodyLimit: 1024 * 1024 }

/** What is known of a resource, for lists, documents and tests. */
export interface ResourceFacts {
  /** Its name; `undefined` where it has none. */
  readonly name: string | undefined
  /** Its base paths, the first is the one to link to. */
  readonly paths: readonly string[]
  /** Every verb of every path. */
  readonly endpoints: readonly Line[]
}

/** An Express router that holds a resource, and the facts of it. */
export type Resource = Router & { readonly definition: ResourceFacts }

/**
 * Makes an Express router of a definition.
 *
 * A request goes through these steps; one with nothing to do is not there.
 *
 *  0. Express middleware of `use`, as `router.use()` would run it
 *  1. path and verb are looked up in a table: 405 with Allow, OPTIONS, HEAD from GET; a path that is not there goes on to `next()`
 *  2. negotiate: which mapper will answer, before anything is done (406)
 *  3. filters of `use`, in the order written
 *  4. parse: which mapper reads the body, and reading it (400, 413, 415)
 *  5. validate: params, query, headers, body, all faults at once (400; 404 for path parameters)
 *  6. represent: data → object
 *  7. the handler
 *  8. represent: object → data
 *  9. filters, outwards: they see and may change a Reply's data
 * 10. validate the answer against its schema: our own lie is an error, never sent
 * 11. respond: status, header fields, bytes; ETag and 304
 *
 * A {@link Problem} thrown in any of them is the answer; so is an error with a status of its own, or one that `errors` knows.
 * Any other error goes to `next(error)`, once, as it was thrown.
 *
 * @param name names the resource, its permissions and, unless `path` says otherwise, its path; left out, Express mounts it where you say
 * @example app.use(resource('status', { get: () => ({ up: true }) }))
 * @throws TypeError with a sentence that names the option that is wrong
 */
export function resource<const D extends object>(name: string, definition: D & Typed<D>): Resource
export function resource<const D extends object>(definition: D & Typed<D>): Resource
export function resource(nameOrDefinition: string | object, maybeDefinition?: object): Resource {
  const name = typeof nameOrDefinition === 'string' ? nameOrDefinition : undefined
  const definition = (name === undefined ? nameOrDefinition : maybeDefinition) as Definition & ResourceOptions
  const where = name === undefined ? 'resource()' : `resource('${name}')`
  if (name !== undefined && !/^[\w-]+(?:\/[\w-]+)*$/.test(name))
    throw new TypeError(`${where}: a name is made of letters, digits, - and _, with / between words.`)
  const { options, stops } = readDefinition(definition, defaults, where)
  const paths = basePaths(name, definition, where)

  const { strict, caseSensitive } = definition
  const table = new Table<Spot>({ strict, caseSensitive })
  const formats = new Formats()
  for (const stop of stops) {
    const spot = new Spot(stop, name, paths[0] as string, formats)
    for (const base of paths) {
      try {
        table.add(stop.path === '/' ? base || '/' : base + stop.path, spot)
      } catch (error) {
        throw new TypeError(`${where}: ${(error as Error).message}`)
      }
    }
  }

  const router = Router({ mergeParams: true })
  // As long as nobody has added to the router, there is one layer to go through: ours. Then Express need not look for it.
  const { stack } = router
  const dispatch = dispatcher(table, options, formats, stack)
  router.use(dispatch)
  const handle = (router as unknown as { handle: RequestHandler }).handle
  const quick: RequestHandler = (req, res, next) => (stack.length === 1 ? dispatch(req, res, next) : handle.call(router, req, res, next))
  const facts: ResourceFacts = { name, paths, endpoints: stops.flatMap(({ lines }) => lines) }
  return Object.assign(router, { handle: quick, definition: facts }) as unknown as Resource
}

function basePaths(name: string | undefined, { path }: ResourceOptions, where: string): string[] {
  const paths = path === undefined ? [name === undefined ? '' : `/${name}`] : typeof path === 'string' ? [path] : path
  if (!Array.isArray(paths) || paths.length === 0 || paths.some((one) => typeof one !== 'string' || (one !== '' && !one.startsWith('/')))) {
    throw new TypeError(`${where}: 'path' is a path such as '/contacts', or a list of them.`)
  }
  return paths.map((one) => (one.endsWith('/') ? one.slice(0, -1) : one))
}

function dispatcher(table: Table<Spot>, options: Resolved, formats: Formats, layers: readonly unknown[]): RequestHandler {
  const root = formats.of(options)
  return function trestle(req, res, next) {
    const url = originForm(req.url)
    const mark = url.indexOf('?')
    let found: Found | undefined
    try {
      found = find(table, mark < 0 ? url : url.slice(0, mark), req.method)
    } catch (error) {
      return refuse(error, req, res, next, root.forProblem(undefined, field(req, 'accept')), options.errors)
    }
    if (!found) return next()
    const { spot, suffix } = found
    const outer = req.params
    const params = hasKeys(outer) ? { ...outer, ...found.params } : found.params
    req.params = params as Request['params']
    req.route = spot.route
    const visit = new Visit(req, res, next, spot, params, mark < 0 ? undefined : url.slice(mark + 1), suffix)
    const { middleware } = spot.routes[req.method] ?? spot
    if (middleware.length === 0) return visit.arrive()
    visit.through(middleware, (word) => {
      req.params = outer
      // Both words leave the resource; the second must not leave the router around it, which Express sees to where there are further layers.
      next(word === 'router' && layers.length > 1 ? word : undefined)
    })
  }
}

interface Found {
  readonly spot: Spot
  readonly params: Record<string, string | string[]>
  readonly suffix: string | undefined
}

// A path as it stands, then one that ends in the name of a format, then one with parameters.
function find(table: Table<Spot>, path: string, method: string): Found | undefined {
  const fixed = table.findFixed(path)
  if (fixed) return foundAt(fixed, undefined)
  const dot = path.lastIndexOf('.')
  if (dot > path.lastIndexOf('/') + 1 && dot < path.length - 1) {
    const stem = path.slice(0, dot)
    const other = table.findFixed(stem) ?? table.findPattern(stem)
    const word = path.slice(dot + 1)
    if (other?.value.takesSuffix(method, word)) return foundAt(other, word)
  }
  const match = table.findPattern(path)
  return match && foundAt(match, undefined)
}

function foundAt({ value, params }: Match<Spot>, suffix: string | undefined): Found {
  return { spot: value, params, suffix }
}

function hasKeys(params: object | undefined): boolean {
  for (const _ in params) return true
  return false
}
