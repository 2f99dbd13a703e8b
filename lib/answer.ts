// Answer: what an endpoint says its answers look like. Objects become data, data is held against the schema of its status, header fields too.
import { coercion, memberNames } from './coerce.js'
import type { Context } from './context.js'
import type { ResponseParts } from './endpoint.js'
import { type Plan, planOf } from './plan.js'
import type { Headers } from './problem.js'
import { Representation } from './representation.js'
import { type Check, compile, isStandard, type JSONSchema, type JSONSchemaObject, jsonSchemaOf, type Schema, type Verdict } from './schema.js'
import { AnswerError, compileShape, listShape, type Output, type Shape, shapeless } from './shape.js'
import { movedTo, refersToItself, schemaFor } from './usage.js'

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
    if (isByStatus(body, spot)) for (const [status, inner] of Object.entries(body)) this.#faces.set(Number(status), face(inner, output, `${spot}.${status}`))
    else if (body !== undefined) this.#usual = face(body as Schema | Representation, output, spot)
    else if (usual !== undefined) this.#usual = face(asThing(usual, `${where}, representation`), output, `${where}, representation`)
    if (headers !== undefined) {
      const schema = headers instanceof Representation ? schemaFor(headers, 'read') : headers
      const check = compile(schema, `${where}, response.headers`)
      const json = jsonSchemaOf(schema, 'input')
      const names = memberNames(json)
      if (names.length === 0) throw new TypeError(`${where}, response.headers: a schema of an object is needed, with the names of the fields.`)
      this.#headers = { check, names, coerce: coercion(json, { separator: ',' }) }
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
   * The header fields of an answer, those that the schema knows checked and with their defaults, in whatever case they were written.
   * @param given those that go with the answer
   * @param set the field of a name that stands on the response
   * @throws AnswerError where one is not as described
   */
  headers(given: Headers | undefined, set: (name: string) => unknown): Headers {
    const out: Headers = { ...given }
    if (!this.#headers) return out
    const { check, names, coerce } = this.#headers
    const fields: Record<string, unknown> = {}
    for (const name of names) {
      const spelling = Object.keys(out).find((other) => other.toLowerCase() === name.toLowerCase())
      const value = (spelling === undefined ? undefined : out[spelling]) ?? set(name)
      if (spelling !== undefined) delete out[spelling]
      if (value !== undefined && value !== null) fields[name] = typeof value === 'number' ? String(value) : value
    }
    const verdict = check(coerce(fields)) as Verdict
    if (verdict.faults) throw new AnswerError(`${this.#where}, response.headers`, verdict.faults)
    for (const [name, value] of Object.entries(verdict.data as object)) out[name] = Array.isArray(value) ? value.map(String) : String(value)
    return out
  }

  #face(status: number): Face | undefined {
    const own = this.#faces.get(status)
    return own ?? (status >= 200 && status < 300 ? this.#usual : undefined)
  }
}

function face(body: Schema | Representation, output: Output, where: string): Face {
  const plan = body instanceof Representation ? planOf(body) : undefined
  const schema = shown(body)
  const json = jsonSchemaOf(schema, 'output')
  const one = compileShape(schema, output, where)
  if (isList(json)) return { one, many: undefined, row: compileShape(itemOf(json), output, where), plan }
  if (!plan) return { one, many: undefined, row: one, plan }
  return { one, many: isStandard(schema) ? listShape(one, where) : compileShape(listOf(schema), output, where), row: one, plan }
}

// What may only be written is not shown, whoever says what an answer looks like.
function shown(body: Schema | Representation): Schema {
  if (body instanceof Representation) return schemaFor(body, 'read')
  return isStandard(body) || typeof body !== 'object' || body === null ? body : schemaFor(new Representation(body, {}), 'read')
}

function asThing(usual: Representation | Schema, where: string): Representation {
  if (usual instanceof Representation) return usual
  if (!isStandard(usual) && (typeof usual !== 'object' || usual === null || Array.isArray(usual)))
    throw new TypeError(`${where}: what representation() makes is needed, or a schema.`)
  return new Representation(usual, {})
}

function isList(json: JSONSchema | undefined): json is JSONSchemaObject {
  return typeof json === 'object' && json.type === 'array'
}

function itemOf(list: JSONSchemaObject): JSONSchema {
  if (refersToItself(list)) return { $ref: '#/$defs/list/items', $defs: { list: movedTo('#/$defs/list', { items: true, ...list }) } }
  return (list.items ?? true) as JSONSchema
}

function listOf(item: JSONSchema): JSONSchema {
  if (refersToItself(item)) return { type: 'array', items: { $ref: '#/$defs/item' }, $defs: { item: movedTo('#/$defs/item', item) } }
  return { type: 'array', items: item }
}

function isByStatus(body: unknown, where: string): body is Readonly<Record<number, Schema | Representation>> {
  if (typeof body !== 'object' || body === null || body instanceof Representation || isStandard(body)) return false
  const keys = Object.keys(body)
  const statuses = keys.filter((key) => /^[2-5]\d\d$/.test(key))
  if (statuses.length === 0) return false
  const other = keys.find((key) => !statuses.includes(key))
  if (other !== undefined) throw new TypeError(`${where}: '${other}' is no status, and beside a status there can be no keywords of a schema.`)
  return true
}

/** The answers of an endpoint that says nothing of them. */
export const undescribed = new Answer({ where: 'undescribed' })
