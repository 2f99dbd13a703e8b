// Endpoint: one verb of one path. What a definition looks like, how its options fall through the levels, and how two definitions are joined.
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Context } from './context.js'
import { Filter, Only, type Use } from './filter.js'
import { checkMapper, type Mapper } from './mapper.js'
import type { ErrorRule } from './problem.js'
import type { Infer, Schema } from './schema.js'
import type { Query } from './url.js'

/** The verbs of a definition. HEAD follows from `get` and OPTIONS from all of them, unless they are written out. */
export const verbs = ['get', 'head', 'post', 'put', 'patch', 'delete', 'query', 'options'] as const

/** One of {@link verbs}. */
export type Verb = (typeof verbs)[number]

/** Options that may stand at any level: api, resource, path, endpoint. The inner level wins; `use` adds up. */
export interface Options {
  /** Filters and plain Express middleware, the first outermost; `only([...])` drops what was inherited. */
  use?: readonly Use[] | Only
  /** The formats to choose from, the first is the default. @default json, text, xml, form */
  mappers?: readonly Mapper[]
  /** The only format, whatever the client says. */
  mapper?: Mapper
  /** The format where the client does not mind, and of a body without Content-Type. @default the first of `mappers` */
  defaultMapper?: Mapper
  /** Whether `/contacts/1.json` chooses a format. Switch it off where ids end so. @default true */
  suffix?: boolean
  /** The most bytes of a body, inflated. @default 1048576 */
  bodyLimit?: number
  /** Whether GET answers carry an ETag and may be 304. @default Express's `etag` setting */
  etag?: boolean | 'weak' | 'strong'
  /** Classes of errors, and the problem that each becomes; inner levels first. */
  errors?: readonly ErrorRule[]
  /** One line for documents and lists. */
  summary?: string
  /** A paragraph for documents; CommonMark. */
  description?: string
  /** Groups for documents. */
  tags?: readonly string[]
  /** Still there, not for new clients. */
  deprecated?: boolean
  /** Anything of the application's own that its filters want to read. */
  meta?: Record<string, unknown>
}

/** The options of a whole resource. */
export interface ResourceOptions extends Options {
  /** Where the resource stands, aliases after it. @default the name, or where Express mounts an unnamed one */
  path?: string | readonly string[]
  /** `/contacts` and `/contacts/` are two paths. @default false */
  strict?: boolean
  /** `/Contacts` and `/contacts` are two paths. @default false, as in Express */
  caseSensitive?: boolean
}

/** The schemas of what comes in. */
export interface RequestParts {
  params?: Schema
  query?: Schema
  headers?: Schema
  /** A schema, or `'raw'` for a Buffer, or `'stream'` for a Readable; these two are read whatever the Content-Type. */
  body?: Schema | 'raw' | 'stream'
}

/** Whatever a handler may return: data, a {@link Reply}, a stream, nothing; or a promise of it. */
export type Handler<C = Context> = (ctx: C) => unknown

type Part<R, Name extends string, Default> = R extends Record<Name, infer S> ? Infer<S> : Default
type BodyOf<R> = R extends { body: 'raw' } ? Buffer : R extends { body: 'stream' } ? Readable : R extends { body: infer S } ? Infer<S> : unknown

/** The context that an endpoint's handler gets, from the endpoint's `request` and the parameters of its path. */
export type ContextOf<R, Params> = Context<Part<R, 'params', Params>, Part<R, 'query', Query>, Part<R, 'headers', IncomingHttpHeaders>, BodyOf<R>>

/** One verb of one path, with options of its own. */
export interface Endpoint<Params = never> extends Options {
  readonly request?: RequestParts
  readonly handler: Handler<never>
  /** Only for the compiler: the parameters that the handler expects of its path. */
  readonly [expects]?: (params: Params) => void
}

declare const expects: unique symbol

/**
 * Writes an endpoint so that its handler knows the types of its request.
 *
 * @example
 * '/:id': { put: endpoint({ request: { body: contact }, handler: ({ params, body }) => save(params.id, body) }) }
 */
export function endpoint<const R extends RequestParts = Record<never, never>, Params = Record<string, string>>(
  definition: Options & { request?: R; handler: Handler<ContextOf<R, Params>> },
): Endpoint<Params> {
  return definition as Endpoint<Params>
}

type Letter = 'a'|'b'|'c'|'d'|'e'|'f'|'g'|'h'|'i'|'j'|'k'|'l'|'m'|'n'|'o'|'p'|'q'|'r'|'s'|'t'|'u'|'v'|'w'|'x'|'y'|'z'|'_'|'$'|'0'|'1'|'2'|'3'|'4'|'5'|'6'|'7'|'8'|'9' // biome-ignore format: one line is enough
type Word<Text extends string, Name extends string = ''> = Text extends `${infer First}${infer Rest}`
  ? Lowercase<First> extends Letter
    ? Word<Rest, `${Name}${First}`>
    : Name
  : Name
type Flat<T> = { [Key in keyof T]: T[Key] }
type Required_<Path extends string> = (Path extends `${string}:${infer Rest}` ? Record<Word<Rest>, string> & Required_<Rest> : unknown) &
  (Path extends `${string}*${infer Rest}` ? (Path extends `${string}:${string}*${string}` ? unknown : Record<Word<Rest>, string[]>) : unknown)

/** The parameters that a path has: `/:id/photos/*rest` gives `{ id: string; rest: string[] }`, a group in braces is optional. */
export type ParamsOf<Path extends string> = string extends Path
  ? Record<string, string>
  : Path extends `${infer Before}{${infer Group}}${infer After}`
    ? Flat<ParamsOf<Before> & Partial<ParamsOf<Group>> & ParamsOf<After>>
    : Flat<Required_<Path>>

/** The verbs of one path. */
export type Verbs<Params = Record<string, string>> = { [V in Verb]?: Handler<Context<Params>> | Endpoint<Params> }

/** One path: its options and its verbs. */
export type PathDefinition<Params = Record<string, string>> = Options & Verbs<Params>

/** A whole resource in one object: options, the verbs of its root, and paths, which start with `/`. */
export type Definition = ResourceOptions & Verbs<Record<string, string>> & { [path: `/${string}`]: PathDefinition<never> }

/** {@link Definition}, with the parameters of each path known from its text. */
export type Typed<D> = {
  [Key in keyof D]: Key extends `/${infer Path}`
    ? PathDefinition<ParamsOf<`/${Path}`>>
    : Key extends keyof (ResourceOptions & Verbs)
      ? (ResourceOptions & Verbs)[Key]
      : never
}

const optionNames = new Set([
  'use',
  'mappers',
  'mapper',
  'defaultMapper',
  'suffix',
  'bodyLimit',
  'etag',
  'errors',
  'summary',
  'description',
  'tags',
  'deprecated',
  'meta',
])
const resourceNames = new Set([...optionNames, 'path', 'strict', 'caseSensitive'])
const endpointNames = new Set([...optionNames, 'request', 'response', 'handler'])
const verbNames = new Set<string>(verbs)

/** Options after all levels have been put on top of one another. */
export interface Resolved extends Omit<Options, 'use'> {
  readonly use: readonly Use[]
}

/** One verb of one path, options resolved; a line of the resource's table. */
export interface Line {
  readonly path: string
  readonly verb: Verb
  readonly options: Resolved
  readonly request: RequestParts
  readonly handler: Handler
}

/** One path: what its middleware is, and its lines. */
export interface Stop {
  readonly path: string
  readonly options: Resolved
  readonly lines: readonly Line[]
}

/**
 * Reads a definition into its paths and lines.
 * @param outer the options of the level above
 * @param where how messages call the resource
 * @throws TypeError with a sentence that names the option that is wrong
 */
export function readDefinition(definition: Definition, outer: Resolved, where: string): { options: Resolved; stops: Stop[] } {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition))
    throw new TypeError(`${where}: a definition is an object such as { get: () => … }.`)
  for (const key of Object.keys(definition)) {
    if (!key.startsWith('/') && !resourceNames.has(key) && !verbNames.has(key))
      throw new TypeError(`${where}: '${key}' is neither an option, a verb nor a path (a path starts with /).`)
  }
  const options = fallThrough(outer, definition, where)
  const stops: Stop[] = []
  if (verbs.some((verb) => definition[verb] !== undefined)) stops.push({ path: '/', options, lines: readLines(definition, '/', options, where) })
  for (const key of Object.keys(definition)) {
    if (!key.startsWith('/')) continue
    const path = key as `/${string}`
    const entry = definition[path] as PathDefinition
    if (typeof entry !== 'object' || entry === null) throw new TypeError(`${where}: the path '${path}' needs an object of verbs.`)
    const spot = `${where}, path '${path}'`
    for (const name of Object.keys(entry)) {
      if (!optionNames.has(name) && !verbNames.has(name)) throw new TypeError(`${spot}: '${name}' is neither an option nor a verb.`)
    }
    const inner = fallThrough(options, entry, spot)
    const lines = readLines(entry, path, inner, where)
    if (lines.length === 0) throw new TypeError(`${spot}: has no verb.`)
    stops.push({ path, options: inner, lines })
  }
  if (stops.length === 0) throw new TypeError(`${where}: has no verb and no path.`)
  return { options, stops }
}

function readLines(entry: Verbs, path: string, outer: Resolved, where: string): Line[] {
  const lines: Line[] = []
  for (const verb of verbs) {
    const value = entry[verb]
    if (value === undefined) continue
    const spot = `${where}, ${verb} ${path}`
    if (typeof value === 'function') {
      lines.push({ path, verb, options: outer, request: {}, handler: value as Handler })
      continue
    }
    if (typeof value !== 'object' || value === null || typeof value.handler !== 'function')
      throw new TypeError(`${spot}: a verb is a function (ctx) => …, or an object with a 'handler'.`)
    for (const name of Object.keys(value)) if (!endpointNames.has(name)) throw new TypeError(`${spot}: '${name}' is no option of an endpoint.`)
    for (const name of Object.keys(value.request ?? {}))
      if (!['params', 'query', 'headers', 'body'].includes(name)) throw new TypeError(`${spot}: request.${name} is none of params, query, headers, body.`)
    lines.push({ path, verb, options: fallThrough(outer, value, spot), request: value.request ?? {}, handler: value.handler as Handler })
  }
  return lines
}

// The inner level wins; `use` and `errors` add up, `meta` is laid over.
function fallThrough(outer: Resolved, inner: Options, where: string): Resolved {
  check(inner, where)
  const { use, ...rest } = inner
  const picked: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(rest)) if (optionNames.has(name) && value !== undefined) picked[name] = value
  // A list of mappers at an inner level replaces the one mapper of an outer level, as the nearer wish.
  if (picked.mappers && !picked.mapper) picked.mapper = undefined
  return {
    ...outer,
    ...picked,
    use: use instanceof Only ? use.list : [...outer.use, ...(use ?? [])],
    ...(inner.errors && { errors: [...inner.errors, ...(outer.errors ?? [])] }),
    ...(inner.meta && { meta: { ...outer.meta, ...inner.meta } }),
  }
}

function check(options: Options, where: string): void {
  const wrong = (name: string, needs: string): never => {
    throw new TypeError(`${where}: '${name}' needs ${needs}.`)
  }
  const { use, mappers, mapper, defaultMapper, bodyLimit, errors, etag, meta, tags } = options
  if (use !== undefined) {
    if (!Array.isArray(use) && !(use instanceof Only)) wrong('use', 'a list of filters and middleware, or only([...])')
    for (const entry of use instanceof Only ? use.list : (use as readonly Use[])) {
      if (!(entry instanceof Filter) && typeof entry !== 'function')
        wrong('use', 'filters, made by filter(), and Express middleware; something else is in the list')
    }
  }
  if (mappers !== undefined) {
    if (!Array.isArray(mappers) || mappers.length === 0) wrong('mappers', 'a list of mappers')
    for (const entry of mappers) checkMapper(entry, where)
    const names = mappers.map(({ name }) => name)
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice) wrong('mappers', `names that differ; '${twice}' stands there twice`)
  }
  if (mapper !== undefined) checkMapper(mapper, where)
  if (defaultMapper !== undefined) checkMapper(defaultMapper, where)
  if (bodyLimit !== undefined && (!Number.isSafeInteger(bodyLimit) || bodyLimit < 0)) wrong('bodyLimit', 'a whole number of bytes')
  if (
    errors !== undefined &&
    (!Array.isArray(errors) || errors.some((rule) => !Array.isArray(rule) || typeof rule[0] !== 'function' || typeof rule[1] !== 'function'))
  ) {
    wrong('errors', 'a list of pairs [ErrorClass, (error) => Problem]')
  }
  if (etag !== undefined && typeof etag !== 'boolean' && etag !== 'weak' && etag !== 'strong') wrong('etag', "true, false, 'weak' or 'strong'")
  for (const name of ['suffix', 'deprecated', 'strict', 'caseSensitive'] as const) {
    const value = (options as Record<string, unknown>)[name]
    if (value !== undefined && typeof value !== 'boolean') wrong(name, 'true or false')
  }
  for (const name of ['summary', 'description'] as const) if (options[name] !== undefined && typeof options[name] !== 'string') wrong(name, 'a text')
  if (tags !== undefined && (!Array.isArray(tags) || tags.some((tag) => typeof tag !== 'string'))) wrong('tags', 'a list of words')
  if (meta !== undefined && (typeof meta !== 'object' || meta === null)) wrong('meta', 'an object')
}

/**
 * Joins definitions path by path and verb by verb; a later one wins, `use` and `errors` add up, `meta` is laid over.
 * @example app.use(resource('notes', mix(crud(store), { '/:id/send': { post: send } })))
 */
export function mix<A extends object, B extends object>(first: A, second: B): Mixed<A, B>
export function mix<A extends object, B extends object, C extends object>(first: A, second: B, third: C): Mixed<Mixed<A, B>, C>
export function mix<A extends object, B extends object, C extends object, D extends object>(
  first: A,
  second: B,
  third: C,
  fourth: D,
): Mixed<Mixed<Mixed<A, B>, C>, D>
export function mix(...definitions: object[]): object {
  return definitions.reduce((first, second) => join(first as Record<string, unknown>, second as Record<string, unknown>))
}

/** What {@link mix} makes of two definitions. */
export type Mixed<A, B> = {
  [Key in keyof A | keyof B]: Key extends `/${string}`
    ? Key extends keyof A
      ? Key extends keyof B
        ? Mixed<A[Key], B[Key]>
        : A[Key]
      : Key extends keyof B
        ? B[Key]
        : never
    : Key extends keyof B
      ? B[Key]
      : Key extends keyof A
        ? A[Key]
        : never
}

function join(first: Record<string, unknown>, second: Record<string, unknown>): Record<string, unknown> {
  const joined = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const before = first[key]
    if (before === undefined || value === undefined) joined[key] = value ?? before
    else if (key.startsWith('/')) joined[key] = join(before as Record<string, unknown>, value as Record<string, unknown>)
    else if (key === 'use')
      joined[key] =
        value instanceof Only ? value : before instanceof Only ? new Only([...before.list, ...(value as Use[])]) : [...(before as Use[]), ...(value as Use[])]
    else if (key === 'errors') joined[key] = [...(value as ErrorRule[]), ...(before as ErrorRule[])]
    else if (key === 'meta') joined[key] = { ...(before as object), ...(value as object) }
    else joined[key] = value
  }
  return joined
}
