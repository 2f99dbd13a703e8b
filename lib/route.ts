// Route: one endpoint, everything about it known, the steps around its handler folded into one function when the resource is made.
import type { RequestHandler } from 'express'
import { Answer } from './answer.js'
import { coercion } from './coerce.js'
import type { Context, Place } from './context.js'
import type { Line, Resolved } from './definition.js'
import { Tags } from './etag.js'
import { after, Filter, type Use } from './filter.js'
import type { Negotiation } from './filters/negotiate.js'
import { Parsing } from './filters/parse.js'
import { Validation } from './filters/validate.js'
import { mappers } from './mappers.js'
import { permissionOf } from './permission.js'
import { Reply } from './reply.js'
import { Representation, representation } from './representation.js'
import type { Ending } from './respond.js'
import { isStream } from './stream.js'

/** What happens to a request once its mapper is chosen; `format` is the word that the URL named one by. */
export type Step = (ctx: Context, format: string | undefined) => unknown

/** One endpoint, everything about it known. */
export class Route {
  readonly middleware: readonly RequestHandler[]
  readonly negotiation: Negotiation
  readonly suffix: boolean
  readonly options: Resolved
  readonly place: Place
  readonly ending: Ending
  readonly run: Step
  /** The header fields that tell what is read here. */
  readonly told: Readonly<Record<string, string>>

  constructor({ path, verb, options, request, response, handler }: Line, name: string | undefined, base: string, negotiation: Negotiation) {
    this.options = options
    this.suffix = options.suffix ?? true
    this.negotiation = negotiation
    this.middleware = options.use.filter((entry): entry is RequestHandler => !(entry instanceof Filter))
    this.place = { resource: name, base, path, verb, permission: permissionOf(name, verb, options.permission), meta: options.meta ?? {} }
    for (const entry of options.use) if (entry instanceof Filter) entry.check?.(this.place)
    const where = `${name === undefined ? 'resource()' : `resource('${name}')`}, ${verb} ${path}`
    const answer = new Answer({ ...response, representation: options.representation, output: options.output, where })
    this.ending = { name, tags: new Tags(options.etag), answer }
    // A search is not a thing: what a QUERY asks is not what the resource shows.
    const { body = takesBody(verb) && verb !== 'query' ? asRepresentation(options.representation) : undefined, ...parts } = request
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
    this.told = parsing?.told ?? {}
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
  const handled: Step = answer.empty ? handler : (ctx) => after(handler(ctx), (result) => represented(result, answer, ctx))
  const validated: Step = validation ? (ctx, format) => after(validation.run(ctx), () => handled(ctx, format)) : handled
  if (!parsing) return validated
  return (ctx, format) =>
    after(parsing.read(ctx, format), (body) => {
      ctx.body = body
      return validated(ctx, format)
    })
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
        const out = apply(ctx, () => after(next(ctx, format), toReply))
        return after(out, (reply) => checkReply(reply, name))
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
