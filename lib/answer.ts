// Answer: what an endpoint says its answers look like. Objects become data, data is held against the schema of its status, header fields too.
import { coercion } from './coerce.js'
import type { Context } from './context.js'
import type { ResponseParts } from './endpoint.js'
import { type Plan, planOf, Representation, representation, schemaFor } from './representation.js'
import { type Check, compile, isStandard, type JSONSchema, type Schema, type Verdict } from './schema.js'
import { AnswerError, compileShape, type Output, type Shape, shapeless } from './shape.js'

/** What is known of an endpoint's answers. */
export interface AnswerOptions extends ResponseParts {
  /** The representation of the thing, where `body` says nothing. */
  representation?: Representation | Schema | undefined
  output?: Output | undefined
  /** How messages call the endpoint. */
  where: string
}

interface Face {
  readonly one: Shape
  /** For a list of things, where the schema is that of one. */
  readonly many: Shape | undefined
  /** For one row of a list, where the list goes out row by row. */
  readonly row: Shape
  readonly plan: Plan | undefined
}

/** What an endpoint's answers look like. Made once with the resource. */
export class Answer {
  readonly #faces = new Map<number, Face>()
  readonly #usual: Face | undefined
  readonly #headers: { readonly check: Check; readonly names: readonly string[]; readonly coerce: (data: unknown) => unknown } | undefined
  readonly #where: string

  /** @throws TypeError when a schema is broken; the message names the endpoint and the part */
  constructor({ body, headers, representation: usual, output = 'check', where }: AnswerOptions) {
    this.#where = where
    const spot = `${where}, response.body`
    if (isByStatus(body)) for (const [status, inner] of Object.entries(body)) this.#faces.set(Number(status), face(inner, output, `${spot}.${status}`))
    else if (body !== undefined) this.#usual = face(body as Schema | Representation, output, spot)
    if (body === undefined && usual !== undefined)
      this.#usual = face(usual instanceof Representation ? usual : representation(usual), output, `${where}, representation`)
    if (headers !== undefined) {
      const schema = (headers instanceof Representation ? schemaFor(headers, 'read') : headers) as JSONSchema
      const names = Object.keys((typeof schema === 'object' ? schema.properties : undefined) ?? {})
      this.#headers = { check: compile(schema, `${where}, response.headers`), names, coerce: coercion(schema) }
    }
  }

  /** Whether there are header fields to check. */
  get hasHeaders(): boolean {
    return this.#headers !== undefined
  }

  /** Whether there is nothing to do. */
  get empty(): boolean {
    return this.#usual === undefined && this.#faces.size === 0 && this.#headers === undefined
  }

  /** The object a handler gave as data, not checked yet. */
  toData(object: unknown, status: number | undefined, ctx: Context): unknown {
    const plan = this.#face(status ?? 200)?.plan
    return plan ? plan.toData(object, ctx) : object
  }

  /** The shape of data at a status. */
  shape(status: number, data: unknown): Shape {
    const face = this.#face(status)
    if (!face) return shapeless
    return face.many && Array.isArray(data) ? face.many : face.one
  }

  /** The shape of one row of a list that goes out row by row. */
  rowShape(status: number): Shape {
    return this.#face(status)?.row ?? shapeless
  }

  /**
   * The header fields that the schema knows, checked and with their defaults.
   * @param given the field of a name, as set so far
   * @throws AnswerError where one is not as described
   */
  headers(given: (name: string) => unknown): Record<string, string> | undefined {
    if (!this.#headers) return undefined
    const { check, names, coerce } = this.#headers
    const fields: Record<string, unknown> = {}
    for (const name of names) {
      const value = given(name)
      if (value !== undefined) fields[name] = typeof value === 'number' ? String(value) : value
    }
    const verdict = check(coerce(fields)) as Verdict
    if (verdict.faults) throw new AnswerError(`${this.#where}, response.headers`, verdict.faults)
    return Object.fromEntries(Object.entries(verdict.data as object).map(([name, value]) => [name, String(value)]))
  }

  #face(status: number): Face | undefined {
    const own = this.#faces.get(status)
    return own ?? (status >= 200 && status < 300 ? this.#usual : undefined)
  }
}

function face(body: Schema | Representation, output: Output, where: string): Face {
  const schema = body instanceof Representation ? schemaFor(body, 'read') : body
  const plan = body instanceof Representation ? planOf(body) : undefined
  const many = plan && !isStandard(schema) && typeof schema === 'object' && !isList(schema) ? compileShape(listOf(schema), output, where) : undefined
  const one = compileShape(schema, output, where)
  return { one, many, row: isList(schema) ? compileShape(itemOf(schema), output, where) : one, plan }
}

function isList(schema: Schema): schema is Exclude<JSONSchema, boolean> {
  return !isStandard(schema) && typeof schema === 'object' && schema.type === 'array'
}

function itemOf({ items = true, $defs }: Exclude<JSONSchema, boolean>): JSONSchema {
  return typeof items === 'object' && items !== null ? { ...items, ...($defs && { $defs }) } : true
}

function listOf({ $defs, ...items }: Exclude<JSONSchema, boolean>): JSONSchema {
  return { type: 'array', items, ...($defs && { $defs }) }
}

function isByStatus(body: unknown): body is Readonly<Record<number, Schema | Representation>> {
  return (
    typeof body === 'object' &&
    body !== null &&
    !(body instanceof Representation) &&
    !isStandard(body) &&
    Object.keys(body).length > 0 &&
    Object.keys(body).every((key) => /^[1-5]\d\d$/.test(key))
  )
}

/** The answers of an endpoint that says nothing of them. */
export const undescribed = new Answer({ where: 'undescribed' })
