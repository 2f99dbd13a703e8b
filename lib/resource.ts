// Resource: a definition becomes an Express router. The one place where the steps of a request are put in order.
import { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express'
import { Answer } from './answer.js'
import { coercion } from './coerce.js'
import { Context, type Place } from './context.js'
import { type Line, type Resolved, readDefinition, type Stop } from './definition.js'
import type { Definition, ResourceOptions, Typed } from './endpoint.js'
import { Tags } from './etag.js'
import { field } from './fields.js'
import { Filter, type Use } from './filter.js'
import { type Choice, Negotiation } from './filters/negotiate.js'
import { Parsing } from './filters/parse.js'
import { Validation } from './filters/validate.js'
import type { Mapper } from './mapper.js'
import { form } from './mappers/form.js'
import { json } from './mappers/json.js'
import { text } from './mappers/text.js'
import { xml } from './mappers/xml.js'
import { permissionOf } from './permission.js'
import { methodNotAllowed, type Problem, problemOf } from './problem.js'
import { Reply } from './reply.js'
import { Representation, representation } from './representation.js'
import { type Ending, respond, respondProblem } from './respond.js'
import { isStream } from './stream.js'
import { type Match, Table } from './table.js'
import { originForm, type Query, readQuery } from './url.js'

/** The formats of a resource that names none: JSON first, then text, XML and forms. */
export const mappers: readonly Mapper[] = [json, text, xml, form]

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
  const root = formats.of(options)

  const router = Router({ mergeParams: true })
  // As long as nobody has added to the router, there is one layer to go through: ours. Then Express need not look for it.
  const { stack } = router
  const dispatch = dispatcher(table, root, options, stack)
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

// The formats of endpoints with the same mappers are the same; so is what they remember.
class Formats {
  readonly #made: { options: Resolved; negotiation: Negotiation }[] = []

  of(options: Resolved): Negotiation {
    const made = this.#made.find(
      ({ options: other }) => other.mappers === options.mappers && other.mapper === options.mapper && other.defaultMapper === options.defaultMapper,
    )
    if (made) return made.negotiation
    const { mapper, defaultMapper } = options
    const negotiation = new Negotiation({ mappers: options.mappers ?? mappers, mapper, defaultMapper, fallback: json })
    this.#made.push({ options, negotiation })
    return negotiation
  }
}

/** A path of the table: its routes by method, and what is said where there is none. */
class Spot {
  readonly routes: Record<string, Route> = Object.create(null)
  readonly allow: readonly string[]
  readonly middleware: readonly RequestHandler[]
  readonly negotiation: Negotiation
  readonly options: Resolved
  /** What `req.route` shows to loggers and meters. */
  readonly route: { path: string; methods: Record<string, boolean> }

  constructor({ path, options, lines }: Stop, name: string | undefined, base: string, formats: Formats) {
    for (const line of lines) this.routes[line.verb.toUpperCase()] = new Route(line, name, base, formats)
    if (this.routes.GET && !this.routes.HEAD) this.routes.HEAD = this.routes.GET
    this.allow = [...new Set([...Object.keys(this.routes), 'OPTIONS'])].sort()
    this.middleware = options.use.filter((entry): entry is RequestHandler => !(entry instanceof Filter))
    this.negotiation = formats.of(options)
    this.options = options
    this.route = { path: base + (path === '/' && base ? '' : path), methods: Object.fromEntries(lines.map(({ verb }) => [verb, true])) }
  }
}

type Step = (ctx: Context, format: string | undefined) => unknown

/** One endpoint, everything about it known. */
class Route {
  readonly middleware: readonly RequestHandler[]
  readonly negotiation: Negotiation
  readonly suffix: boolean
  readonly options: Resolved
  readonly place: Place
  readonly ending: Ending
  readonly run: Step

  constructor({ path, verb, options, request, response, handler }: Line, name: string | undefined, base: string, formats: Formats) {
    this.options = options
    this.suffix = options.suffix ?? true
    this.negotiation = formats.of(options)
    this.middleware = options.use.filter((entry): entry is RequestHandler => !(entry instanceof Filter))
    this.place = { resource: name, base, path, verb, permission: permissionOf(name, verb, options.permission), meta: options.meta ?? {} }
    for (const entry of options.use) if (entry instanceof Filter) entry.check?.(this.place)
    const where = `${name === undefined ? 'resource()' : `resource('${name}')`}, ${verb} ${path}`
    const answer = new Answer({ ...response, representation: options.representation, output: options.output, where })
    this.ending = { name, tags: new Tags(options.etag), answer }
    const { body = takesBody(verb) ? asRepresentation(options.representation) : undefined, ...parts } = request
    const bytes = body === 'raw' || body === 'stream' ? body : undefined
    const validation =
      Object.keys(parts).length > 0 || (body !== undefined && !bytes)
        ? new Validation({ ...parts, body: bytes ? undefined : (body as never), verb, where })
        : undefined
    const parsing =
      takesBody(verb) || body !== undefined
        ? new Parsing({
            mappers: options.mappers ?? mappers,
            mapper: options.mapper,
            defaultMapper: options.defaultMapper,
            limit: options.bodyLimit ?? 0,
            as: bytes,
            schema: validation?.bodySchema,
            coerce: validation && coercion(validation.bodySchema),
            verb,
          })
        : undefined
    this.run = compose(options.use, steps(parsing, validation, handler as (ctx: Context) => unknown, answer))
  }
}

// A bare schema at a level above is the representation of the thing, with all that follows for its read-only members.
function asRepresentation(option: Resolved['representation']): Representation | undefined {
  return option === undefined || option instanceof Representation ? option : representation(option)
}

// Nothing is read where no body has a meaning (RFC 9110 sections 9.3.1, 9.3.2, 9.3.5), or where none was asked for.
function takesBody(verb: string): boolean {
  return verb === 'post' || verb === 'put' || verb === 'patch' || verb === 'query'
}

// Steps 4 to 8, each one there only where it has something to do, and each waiting only for what is a promise.
function steps(parsing: Parsing | undefined, validation: Validation | undefined, handler: (ctx: Context) => unknown, answer: Answer): Step {
  const handled: Step = answer.empty ? handler : (ctx) => whenReady(handler(ctx), (result) => represented(result, answer, ctx))
  const validated: Step = validation ? (ctx, format) => whenReady(validation.run(ctx), () => handled(ctx, format)) : handled
  if (!parsing) return validated
  return (ctx, format) =>
    whenReady(parsing.read(ctx, format), (body) => {
      ctx.body = body
      return validated(ctx, format)
    })
}

function whenReady(value: unknown, go: (value: unknown) => unknown): unknown {
  return isPromise(value) ? value.then(go) : go(value)
}

function represented(result: unknown, answer: Answer, ctx: Context): unknown {
  const data = result instanceof Reply ? result.data : result
  if (data === undefined || data === ctx.res || data instanceof Uint8Array || isStream(data)) return result
  const status = (result instanceof Reply ? result.status : undefined) ?? ctx.res.statusCode
  const made = answer.toData(data, status, ctx)
  if (!(result instanceof Reply)) return made
  result.data = made
  return result
}

// Folded from the inside out, so that the first of the list is the outermost ring.
function compose(use: readonly Use[], inner: Step): Step {
  return use
    .filter((entry): entry is Filter => entry instanceof Filter)
    .reduceRight<Step>((next, { apply, name }) => {
      return (ctx, format) => {
        const out = apply(ctx, () => {
          const result = next(ctx, format)
          return isPromise(result) ? result.then(toReply) : toReply(result)
        })
        return isPromise(out) ? out.then((reply) => checkReply(reply, name)) : checkReply(out, name)
      }
    }, inner)
}

function toReply(result: unknown): Reply {
  return result instanceof Reply ? result : new Reply(result)
}

function checkReply(reply: unknown, name: string): Reply {
  if (reply instanceof Reply) return reply
  throw new TypeError(`The filter '${name}' did not return a Reply; return what next() gave, or reply(data).`)
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

function dispatcher(table: Table<Spot>, root: Negotiation, options: Resolved, layers: readonly unknown[]): RequestHandler {
  return function trestle(req, res, next) {
    const url = originForm(req.url)
    const mark = url.indexOf('?')
    const path = mark < 0 ? url : url.slice(0, mark)
    let found: Match<Spot> | undefined
    let format: string | undefined
    try {
      found = table.findFixed(path)
      if (!found) {
        const cut = suffixAt(path)
        if (cut > 0) {
          const stem = path.slice(0, cut)
          const other = table.findFixed(stem) ?? table.findPattern(stem)
          const word = path.slice(cut + 1)
          if (other && takesSuffix(other.value, req.method, word)) {
            found = other
            format = word
          }
        }
        found ??= table.findPattern(path)
      }
    } catch (error) {
      return fail(error, req, res, next, root, undefined, options)
    }
    if (!found) return next()
    const { value: spot, params } = found
    const outer = req.params
    const merged = hasKeys(outer) ? { ...outer, ...params } : params
    req.params = merged as Request['params']
    req.route = spot.route
    const route = spot.routes[req.method]
    const middleware = route ? route.middleware : spot.middleware
    const search = mark < 0 ? undefined : url.slice(mark + 1)
    if (middleware.length === 0) return arrive(spot, route, req, res, merged, search, format, next)
    runMiddleware(
      middleware,
      req,
      res,
      () => arrive(spot, route, req, res, merged, search, format, next),
      (error) => {
        if (error && error !== 'route' && error !== 'router')
          return fail(error, req, res, next, spot.negotiation, problemChoice(spot, req, search, format), spot.options)
        req.params = outer
        // Both words leave the resource; the second must not leave the router around it, which Express sees to where there are further layers.
        next(error === 'router' && layers.length > 1 ? error : undefined)
      },
    )
  }
}

function hasKeys(params: object | undefined): boolean {
  for (const _ in params) return true
  return false
}

// Where the suffix of the last segment starts, or -1.
function suffixAt(path: string): number {
  const dot = path.lastIndexOf('.')
  return dot > path.lastIndexOf('/') + 1 && dot < path.length - 1 ? dot : -1
}

function takesSuffix({ routes, negotiation, options }: Spot, method: string, word: string): boolean {
  const route = routes[method]
  return (route ? route.suffix : (options.suffix ?? true)) && (route?.negotiation ?? negotiation).named(word) !== undefined
}

function runMiddleware(list: readonly RequestHandler[], req: Request, res: Response, done: () => void, out: (error?: unknown) => void): void {
  let index = 0
  const next = (error?: unknown): void => {
    if (error) return out(error)
    const handler = list[index++]
    if (!handler) return done()
    try {
      const result: unknown = handler(req, res, next)
      if (isPromise(result)) result.then(undefined, (thrown) => next(thrown || asError(thrown)))
    } catch (thrown) {
      next(thrown || asError(thrown))
    }
  }
  next()
}

function arrive(
  spot: Spot,
  route: Route | undefined,
  req: Request,
  res: Response,
  params: Record<string, string | string[]>,
  search: string | undefined,
  suffix: string | undefined,
  next: NextFunction,
): void {
  if (route) return serve(route, req, res, params, search, suffix, next)
  // RFC 9110 sections 9.3.7 and 15.5.6.
  if (req.method === 'OPTIONS') {
    if (res.headersSent) return
    res.writeHead(204, { Allow: spot.allow.join(', ') })
    res.end()
    return
  }
  const problem = methodNotAllowed(`${req.method} is not among the methods of this resource.`, { allow: spot.allow })
  fail(problem, req, res, next, spot.negotiation, problemChoice(spot, req, search, suffix), spot.options)
}

// The format of a problem where there is no endpoint that could have chosen one.
function problemChoice({ negotiation }: Spot, req: Request, search: string | undefined, suffix: string | undefined): Choice {
  let format = suffix
  try {
    if (search !== undefined) format = String(readQuery(search).format || (suffix ?? ''))
  } catch {
    // A broken query names no format.
  }
  return negotiation.forProblem(format, field(req, 'accept'))
}

function serve(
  route: Route,
  req: Request,
  res: Response,
  params: Record<string, string | string[]>,
  search: string | undefined,
  suffix: string | undefined,
  next: NextFunction,
): void {
  let choice: Choice | undefined
  try {
    let query: Query | undefined
    let format = suffix
    if (search !== undefined) {
      query = readQuery(search)
      // An empty ?format= counts as none; two of them name no mapper.
      if (query.format) format = String(query.format)
    }
    choice = route.negotiation.choose(format, field(req, 'accept'))
    const ctx = new Context(req, res, params as Record<string, string>, route.place, query)
    const result = route.run(ctx, format)
    if (!isPromise(result)) return finish(result, ctx, next, choice, route)
    const chosen = choice
    result.then(
      (value) => {
        try {
          finish(value, ctx, next, chosen, route)
        } catch (error) {
          fail(error, req, res, next, route.negotiation, chosen, route.options)
        }
      },
      (error) => fail(error, req, res, next, route.negotiation, chosen, route.options),
    )
  } catch (error) {
    fail(error, req, res, next, route.negotiation, choice, route.options)
  }
}

function finish(result: unknown, ctx: Context, next: NextFunction, choice: Choice, route: Route): void {
  const sending = respond(ctx, result, choice, route.ending)
  if (sending) sending.catch((error) => fail(error, ctx.req, ctx.res, next, route.negotiation, choice, route.options))
}

// Problems are answers; everything else is Express's, with the error as it was thrown.
function fail(
  error: unknown,
  req: Request,
  res: Response,
  next: NextFunction,
  negotiation: Negotiation,
  choice: Choice | undefined,
  { errors }: Resolved,
): void {
  let problem: Problem | undefined
  try {
    problem = problemOf(error, errors)
    if (!problem || res.headersSent) return next(asError(error))
    respondProblem(req, res, problem, choice ?? negotiation.forProblem(undefined, field(req, 'accept')))
  } catch (thrown) {
    next(thrown)
  }
}

// To Express, nothing and these two words are no errors.
function asError(error: unknown): unknown {
  return !error || error === 'route' || error === 'router' ? new Error(`A handler threw ${JSON.stringify(error) ?? 'nothing'}.`, { cause: error }) : error
}
