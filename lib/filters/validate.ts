// Validate: path parameters, query, header fields and body held against their schemas, all faults told at once; then data becomes objects.
import { coercion } from '../coerce.js'
import type { Context } from '../context.js'
import { badRequest, notFound, type Problem } from '../problem.js'
import { type Plan, planOf, Representation, schemaFor, type Use } from '../representation.js'
import { type Check, compile, type Fault, isStandard, jsonSchemaOf, type Schema, type Verdict } from '../schema.js'

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
  readonly #params: Part | undefined
  readonly #rest: readonly Part[]
  /** The JSON Schema of the body, for mappers that want to know. */
  readonly bodySchema: ReturnType<typeof jsonSchemaOf>

  /** @throws TypeError when a schema is broken; the message names the endpoint and the part */
  constructor({ params, query, headers, body, verb, where }: ValidateOptions) {
    this.#params = params === undefined ? undefined : paramsPart(params, `${where}, request.params`)
    const use = uses[verb] ?? 'post'
    this.bodySchema = body === undefined ? undefined : jsonSchemaOf(body instanceof Representation ? schemaFor(body, use) : body, 'input')
    const parts = [
      query !== undefined && queryPart(query, `${where}, request.query`),
      headers !== undefined && headersPart(headers, `${where}, request.headers`),
      body !== undefined && bodyPart(body, use, `${where}, request.body`),
    ]
    this.#rest = parts.filter((part) => part !== false)
  }

  /**
   * Checks a request whose body has been read, and puts the data in place.
   * @throws Problem 404 where path parameters cannot be those of a thing, 400 with all faults otherwise; also as a rejection
   */
  run(ctx: Context): undefined | Promise<undefined> {
    const first = this.#params?.check(this.#params.read(ctx))
    const rest = this.#rest.map((part) => part.check(part.read(ctx)))
    if (first instanceof Promise || rest.some((verdict) => verdict instanceof Promise)) {
      return Promise.all([first, ...rest]).then(([first, ...rest]) => this.#settle(ctx, first, rest as Verdict[]))
    }
    return this.#settle(ctx, first as Verdict | undefined, rest as Verdict[])
  }

  #settle(ctx: Context, first: Verdict | undefined, rest: readonly Verdict[]): undefined | Promise<undefined> {
    if (first?.faults) throw notFound('Nothing can be here: a parameter of the path is not of its kind.')
    let faults: object[] | undefined
    for (let index = 0; index < rest.length; index++) {
      const found = (rest[index] as Verdict).faults
      if (found) (faults ??= []).push(...found.map((this.#rest[index] as Part).tell))
    }
    if (faults) throw faulty(faults)
    if (this.#params && first) this.#params.write(ctx, first.data)
    let waiting: Promise<unknown>[] | undefined
    for (let index = 0; index < rest.length; index++) {
      const part = this.#rest[index] as Part
      const { data } = rest[index] as { data: unknown }
      const made = part.plan && data !== undefined ? part.plan.toObject(data, ctx) : data
      if (made instanceof Promise) (waiting ??= []).push(made.then((object) => part.write(ctx, object)))
      else part.write(ctx, made)
    }
    return waiting && Promise.all(waiting).then(() => undefined)
  }
}

const mostTold = 100

/** A 400 that lists what is wrong with a request. */
export function faulty(faults: readonly object[]): Problem {
  return badRequest('The request is not as described.', {
    members: { errors: faults.slice(0, mostTold), ...(faults.length > mostTold && { more: faults.length - mostTold }) },
  })
}

function paramsPart(schema: Schema | Representation, where: string): Part {
  const coerce = coercion(jsonSchemaOf(bare(schema), 'input'))
  return {
    ...common(schema, where),
    read: (ctx) => coerce({ ...(ctx.params as object) }),
    write: (ctx, data) => {
      ctx.params = data as Record<string, string>
    },
    tell: ({ pointer, ...fault }) => ({ parameter: nameIn(pointer), ...fault }),
  }
}

function queryPart(schema: Schema | Representation, where: string): Part {
  const json = jsonSchemaOf(bare(schema), 'input')
  const coerce = coercion(json)
  const properties = (json as { properties?: object } | undefined)?.properties ?? {}
  return {
    ...common(schema, where),
    read: (ctx) => {
      const query: Record<string, unknown> = { ...ctx.query }
      // The name belongs to the choice of a format, unless the schema claims it.
      if (!Object.hasOwn(properties, 'format')) delete query.format
      for (const name of Object.keys(query)) if (query[name] === '') delete query[name]
      return coerce(query)
    },
    write: (ctx, data) => {
      ctx.query = data as typeof ctx.query
    },
    tell: ({ pointer, ...fault }) => ({ parameter: nameIn(pointer), ...fault }),
  }
}

function headersPart(schema: Schema | Representation, where: string): Part {
  const json = jsonSchemaOf(bare(schema), 'input')
  const coerce = coercion(json)
  const names = Object.keys((json as { properties?: object } | undefined)?.properties ?? {})
  return {
    ...common(schema, where),
    // A request has header fields that nobody described; only those that are described are looked at.
    read: ({ req }) => {
      const fields: Record<string, unknown> = {}
      for (const name of names) {
        const value = req.headers[name.toLowerCase()]
        if (value !== undefined) fields[name] = value
      }
      return coerce(names.length > 0 ? fields : { ...req.headers })
    },
    write: (ctx, data) => {
      ctx.headers = { ...ctx.req.headers, ...(data as object) }
    },
    tell: ({ pointer, ...fault }) => ({ header: nameIn(pointer), ...fault }),
  }
}

function bodyPart(body: Schema | Representation, use: Use, where: string): Part {
  const schema = body instanceof Representation ? schemaFor(body, use) : body
  const check = compile(schema, where)
  const fallback = !isStandard(schema) && typeof schema === 'object' && 'default' in schema ? schema.default : undefined
  const missing: Verdict = { faults: [{ pointer: '', code: 'required', detail: 'a body is required' }] }
  return {
    plan: body instanceof Representation ? planOf(body) : undefined,
    check: (data) => {
      if (data !== undefined || isStandard(schema)) return check(data)
      return fallback === undefined ? missing : check(structuredClone(fallback))
    },
    read: (ctx) => ctx.body,
    write: (ctx, data) => {
      ctx.body = data
    },
    tell: (fault) => fault,
  }
}

function common(schema: Schema | Representation, where: string): Pick<Part, 'check' | 'plan'> {
  return { check: compile(bare(schema), where), plan: schema instanceof Representation ? planOf(schema) : undefined }
}

function bare(schema: Schema | Representation): Schema {
  return schema instanceof Representation ? schemaFor(schema, 'put') : schema
}

// The parameter or field that a pointer leads into.
function nameIn(pointer: string): string {
  return (pointer.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~')
}
