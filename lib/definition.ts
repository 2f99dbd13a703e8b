// Definition: an object literal is read into lines, one for each verb of each path, with the options of all levels laid over one another.
import {
  type Definition,
  type Handler,
  type Options,
  type PathDefinition,
  type RequestParts,
  type ResponseParts,
  type Verb,
  type Verbs,
  verbs,
} from './endpoint.js'
import { Filter, Only, type Use } from './filter.js'
import { checkMapper } from './mapper.js'
import { isStandard } from './schema.js'

const optionNames = new Set([
  'use',
  'mappers',
  'mapper',
  'defaultMapper',
  'suffix',
  'representation',
  'output',
  'bodyLimit',
  'etag',
  'errors',
  'permission',
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
  readonly response: ResponseParts
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
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw new TypeError(`${where}: the path '${path}' needs an object of verbs.`)
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
      lines.push({ path, verb, options: outer, request: {}, response: {}, handler: value as Handler })
      continue
    }
    if (typeof value !== 'object' || value === null || typeof value.handler !== 'function')
      throw new TypeError(`${spot}: a verb is a function (ctx) => …, or an object with a 'handler'.`)
    for (const name of Object.keys(value)) if (!endpointNames.has(name)) throw new TypeError(`${spot}: '${name}' is no option of an endpoint.`)
    for (const part of ['request', 'response'] as const)
      if (value[part] !== undefined && (typeof value[part] !== 'object' || value[part] === null)) throw new TypeError(`${spot}: '${part}' needs an object.`)
    for (const name of Object.keys(value.request ?? {}))
      if (!['params', 'query', 'headers', 'body'].includes(name)) throw new TypeError(`${spot}: request.${name} is none of params, query, headers, body.`)
    for (const name of Object.keys(value.response ?? {}))
      if (!['body', 'headers'].includes(name)) throw new TypeError(`${spot}: response.${name} is none of body, headers.`)
    lines.push({
      path,
      verb,
      options: fallThrough(outer, value, spot),
      request: value.request ?? {},
      response: value.response ?? {},
      handler: value.handler as Handler,
    })
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
  const { use, mappers, mapper, defaultMapper, bodyLimit, errors, etag, meta, tags, output, representation } = options
  if (use !== undefined) {
    if (!Array.isArray(use) && !(use instanceof Only)) wrong('use', 'a list of filters and middleware, or only([...])')
    for (const entry of use instanceof Only ? use.list : (use as readonly Use[])) {
      if (!(entry instanceof Filter) && typeof entry !== 'function')
        wrong('use', 'filters, made by filter(), and Express middleware; something else is in the list')
      // Express tells error handlers by their four parameters; `errors` is for those.
      if (typeof entry === 'function' && entry.length > 3) wrong('use', "middleware (req, res, next); for errors there is the option 'errors'")
    }
  }
  if (mappers !== undefined) {
    if (!Array.isArray(mappers) || mappers.length === 0) wrong('mappers', 'a list of mappers')
    for (const entry of mappers) checkMapper(entry, `${where}, 'mappers'`)
    const names = mappers.map(({ name }) => name)
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice) wrong('mappers', `names that differ; '${twice}' stands there twice`)
  }
  if (mapper !== undefined) checkMapper(mapper, `${where}, 'mapper'`)
  if (defaultMapper !== undefined) checkMapper(defaultMapper, `${where}, 'defaultMapper'`)
  if (bodyLimit !== undefined && (!Number.isSafeInteger(bodyLimit) || bodyLimit < 0)) wrong('bodyLimit', 'a whole number of bytes')
  if (
    errors !== undefined &&
    (!Array.isArray(errors) || errors.some((rule) => !Array.isArray(rule) || typeof rule[0] !== 'function' || typeof rule[1] !== 'function'))
  ) {
    wrong('errors', 'a list of pairs [ErrorClass, (error) => Problem]')
  }
  if (etag !== undefined && typeof etag !== 'boolean' && etag !== 'weak' && etag !== 'strong') wrong('etag', "true, false, 'weak' or 'strong'")
  if (output !== undefined && output !== 'check' && output !== 'strip' && output !== 'trust') wrong('output', "'check', 'strip' or 'trust'")
  if (representation !== undefined && typeof representation !== 'object' && !isStandard(representation))
    wrong('representation', 'what representation() makes, or a schema')
  for (const name of ['suffix', 'deprecated', 'strict', 'caseSensitive'] as const) {
    const value = (options as Record<string, unknown>)[name]
    if (value !== undefined && typeof value !== 'boolean') wrong(name, 'true or false')
  }
  for (const name of ['permission', 'summary', 'description'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'string') wrong(name, 'a text')
  if (tags !== undefined && (!Array.isArray(tags) || tags.some((tag) => typeof tag !== 'string'))) wrong('tags', 'a list of words')
  if (meta !== undefined && (typeof meta !== 'object' || meta === null || Array.isArray(meta))) wrong('meta', 'an object')
}
