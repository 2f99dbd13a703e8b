// Validate: path parameters, query, header fields and body held against their schemas, all faults told at once; then data becomes objects.
import { coercion, memberNames } from '../coerce.js'
import type { Context } from '../context.js'
import { type Plan, planOf } from '../plan.js'
import { badRequest, notFound, type Problem } from '../problem.js'
import { Representation } from '../representation.js'
import { type Check, compile, type Fault, isStandard, jsonSchemaOf, type Schema, type Verdict } from '../schema.js'
import { compileStrip } from '../strip.js'
import { schemaFor, type Use } from '../usage.js'

/** What is known of the parts of a request. */
export interface ValidateOptions {
  params?: Schema | Representation | undefined
  query?: Schema | Representation | undefined
  headers?: Schema | Representation | undefined
  body?: Schema | Representation | undefined
  /** The verb, for what a representation asks of a body. */
  verb: string
  /** How messages call the endpoint. */
  where: string
}

const uses: Record<string, Use> = { post: 'post', put: 'put', patch: 'patch' }

/** One part of a request, everything about it known. */
interface Part {
  /** The data to check. */
  read(ctx: Context): unknown
  check: Check
  /** Puts what was checked where handlers find it. */
  write(ctx: Context, data: unknown): void
  plan: Plan | undefined
  /** How a fault of this part is told. */
  tell(fault: Fault): object
}

/** What an endpoint asks of its requests. Made once with the resource. */
export class Validation {
  readonly #parts: readonly Part[]
  /** Whether the first part is the path's: what is wrong there is not there. */
  readonly #hasParams: boolean
  /** The JSON Schema of the body, for mappers that want to know. */
  readonly bodySchema: ReturnType<typeof jsonSchemaOf>

  /** @throws TypeError when a schema is broken; the message names the endpoint and the part */
  constructor({ params, query, headers, body, verb, where }: ValidateOptions) {
    const use = uses[verb] ?? 'post'
    this.bodySchema = body === undefined ? undefined : jsonSchemaOf(body instanceof Representation ? schemaFor(body, use) : body, 'input')
    this.#hasParams = params !== undefined
    const parts = [
      params !== undefined && paramsPart(params, `${where}, request.params`),
      query !== undefined && queryPart(query, `${where}, request.query`),
      headers !== undefined && headersPart(headers, `${where}, request.headers`),
      body !== undefined && bodyPart(body, use, `${where}, request.body`),
    ]
    this.#parts = parts.filter((part) => part !== false)
  }

  /**
   * Checks a request whose body has been read, and puts the data in place.
   * @throws Problem 404 where path parameters cannot be those of a thing, 400 with all faults otherwise; also as a rejection
   */
  run(ctx: Context): undefined | Promise<undefined> {
    const verdicts = each(this.#parts, (part) => part.check(part.read(ctx)))
    return verdicts instanceof Promise ? verdicts.then((settled) => this.#settle(ctx, settled as Verdict[])) : this.#settle(ctx, verdicts as Verdict[])
  }

  #settle(ctx: Context, verdicts: readonly Verdict[]): undefined | Promise<undefined> {
    if (this.#hasParams && verdicts[0]?.faults) throw notFound('Nothing can be here: a parameter of the path is not of its kind.')
    let faults: object[] | undefined
    for (let index = 0; index < verdicts.length; index++) {
      const found = (verdicts[index] as Verdict).faults
      if (found) (faults ??= []).push(...found.map((this.#parts[index] as Part).tell))
    }
    if (faults) throw faulty(faults)
    const waiting = each(this.#parts, (part, index) => {
      const { data } = verdicts[index] as { data: unknown }
      const made = part.plan && data !== undefined ? part.plan.toObject(data, ctx) : data
      return made instanceof Promise ? made.then((object) => part.write(ctx, object)) : part.write(ctx, made)
    })
    return waiting instanceof Promise ? waiting.then(() => undefined) : undefined
  }
}

// Does something with each part; a promise where one of them gives one. One that throws leaves no promise behind that nobody hears of.
function each(parts: readonly Part[], work: (part: Part, index: number) => unknown): unknown[] | Promise<unknown[]> {
  const results: unknown[] = []
  let waits = false
  try {
    for (let index = 0; index < parts.length; index++) {
      const result = work(parts[index] as Part, index)
      waits ||= result instanceof Promise
      results.push(result)
    }
  } catch (error) {
    for (const result of results) if (result instanceof Promise) result.catch(() => {})
    throw error
  }
  return waits ? Promise.all(results) : results
}

const mostTold = 100

/** A 400 that lists what is wrong with a request. */
export function faulty(faults: readonly object[]): Problem {
  return badRequest('The request is not as described.', {
    members: { errors: faults.slice(0, mostTold), ...(faults.length > mostTold && { more: faults.length - mostTold }) },
  })
}

type PartSchema = Schema | Representation

function paramsPart(part: PartSchema, where: string): Part {
  const { json, ...common } = commonPart(part, where)
  const coerce = coercion(json)
  return {
    ...common,
    read: (ctx) => coerce({ ...(ctx.params as object) }),
    write: (ctx, data) => {
      ctx.params = data as Record<string, string>
    },
    tell: toldAs('parameter'),
  }
}

function queryPart(part: PartSchema, where: string): Part {
  const { json, ...common } = commonPart(part, where)
  const coerce = coercion(json)
  // The name belongs to the choice of a format, unless the schema claims it.
  const ownFormat = memberNames(json).includes('format')
  return {
    ...common,
    read: (ctx) => {
      const given = ctx.query
      const query: Record<string, unknown> = Object.create(null)
      for (const name of Object.keys(given)) if (given[name] !== '' && (ownFormat || name !== 'format')) query[name] = given[name]
      return coerce(query)
    },
    write: (ctx, data) => {
      ctx.query = data as typeof ctx.query
    },
    tell: toldAs('parameter'),
  }
}

function headersPart(part: PartSchema, where: string): Part {
  const { json, ...common } = commonPart(part, where)
  const coerce = coercion(json, { separator: ',' })
  const names = memberNames(json).map((name) => [name, name.toLowerCase()] as const)
  return {
    ...common,
    // A request has header fields that nobody described; only those that are described are looked at.
    read: ({ req }) => {
      if (names.length === 0) return coerce({ ...req.headers })
      const fields: Record<string, unknown> = {}
      for (const [name, lower] of names) if (req.headers[lower] !== undefined) fields[name] = req.headers[lower]
      return coerce(fields)
    },
    write: (ctx, data) => {
      ctx.headers = { ...ctx.req.headers, ...(data as object) }
    },
    tell: toldAs('header'),
  }
}

function bodyPart(body: PartSchema, use: Use, where: string): Part {
  const { json: _, check, plan } = commonPart(body, where, use)
  const schema = body instanceof Representation ? schemaFor(body, use) : body
  const fallback = !isStandard(schema) && typeof schema === 'object' && 'default' in schema ? schema.default : undefined
  const missing: Verdict = { faults: [{ pointer: '', code: 'required', detail: 'a body is required' }] }
  const strip = body instanceof Representation && use === 'put' && !isStandard(schema) ? compileStrip(schema, { readOnly: true, where }) : undefined
  const dropped = (verdict: Verdict): Verdict => (verdict.faults || !strip ? verdict : { data: strip(verdict.data) })
  return {
    plan,
    check: (data) => {
      if (data === undefined && !isStandard(schema)) return fallback === undefined ? missing : check(structuredClone(fallback))
      const verdict = check(data)
      return strip ? dropped(verdict as Verdict) : verdict
    },
    read: (ctx) => ctx.body,
    write: (ctx, data) => {
      ctx.body = data
    },
    tell: (fault) => fault,
  }
}

function commonPart(part: PartSchema, where: string, use: Use = 'put'): Pick<Part, 'check' | 'plan'> & { json: ReturnType<typeof jsonSchemaOf> } {
  const schema = part instanceof Representation ? schemaFor(part, use) : part
  return { check: compile(schema, where), plan: part instanceof Representation ? planOf(part) : undefined, json: jsonSchemaOf(schema, 'input') }
}

// Text comes by name, so a fault is that of the parameter or field that its pointer leads into.
function toldAs(place: 'parameter' | 'header'): (fault: Fault) => object {
  return ({ pointer, ...fault }) => ({ [place]: (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~'), ...fault })
}
