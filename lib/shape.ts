// Shape: what an answer must look like. Held against its schema, stripped of what the schema does not know, written as JSON by a compiled serializer.
import fastJson from 'fast-json-stringify'
import { compile, type Fault, isStandard, type JSONSchema, jsonSchemaOf, type Schema, type StandardSchema, type Verdict } from './schema.js'
import { compileStrip } from './strip.js'
import { toWire } from './wire.js'

/** How strictly answers are held to their schema: checked and stripped, stripped only, or neither. */
export type Output = 'check' | 'strip' | 'trust'

/** How an answer looks, and what makes it so. */
export interface Shape {
  /** The JSON Schema of the answer, where there is one. */
  readonly schema: JSONSchema | undefined
  /**
   * Checks and strips.
   * @param json whether the data will be written by `stringify`, which strips by itself
   * @throws AnswerError where the data is not as the schema says
   */
  readonly prepare: (data: unknown, json: boolean) => unknown
  /** Writes JSON. */
  readonly stringify: (data: unknown) => string
}

/** An answer of ours that does not match its schema: a bug, so it goes to Express's error handling, and not one byte of it to the client. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
  /** What was wrong, and where. */
  readonly faults: readonly Fault[]

  constructor(where: string, faults: readonly Fault[]) {
    const list = faults.slice(0, 5).map(({ pointer, detail }) => `${pointer || '(root)'} ${detail}`)
    super(`${where}: the answer does not match its schema: ${list.join('; ')}${faults.length > 5 ? `; and ${faults.length - 5} more` : ''}`)
    this.faults = faults
  }
}

/** The shape of an answer that nobody described. */
export const shapeless: Shape = {
  schema: undefined,
  prepare: (data, json) => (json ? data : toWire(data)),
  stringify: (data) => stringifyPlain(data),
}

// Data with a BigInt somewhere is rare, so it is looked for only after JSON has refused.
function stringifyPlain(data: unknown): string {
  try {
    return JSON.stringify(data)
  } catch (error) {
    if (error instanceof TypeError && error.message.includes('BigInt')) return JSON.stringify(toWire(data))
    throw error
  }
}

/**
 * Makes a shape of a schema, once, when a resource is made.
 * @param where how messages call the endpoint
 * @throws TypeError when the schema is broken
 * @example compileShape({ type: 'object', properties: { id: { type: 'integer' } }, additionalProperties: false }, 'check', 'here')
 */
export function compileShape(schema: Schema, output: Output, where: string): Shape {
  if (isStandard(schema)) return output === 'trust' ? { ...shapeless, schema: jsonSchemaOf(schema, 'output') } : standardShape(schema, output, where)
  const simple = isSimple(schema)
  // What the serializer strips is no fault, so where it does, closed objects are checked as if they were open.
  const check = compile(simple ? opened(schema) : schema, where, 'output')
  if (output === 'trust') return { ...shapeless, schema }
  const serialize = simple ? compileSerializer(schema) : undefined
  const strip = compileStrip(schema, { closed: true, where }) ?? ((data: unknown) => data)
  const stringify = serialize ?? stringifyPlain
  if (output === 'strip') return { schema, prepare: (data, json) => (serialize && json ? data : strip(toWire(data))), stringify }
  const prepare = (data: unknown, json: boolean): unknown => {
    const stripped = serialize && json ? toWire(data) : strip(toWire(data))
    const { faults } = check(stripped) as Verdict
    if (!faults) return stripped
    // A number that no double holds is a text to most formats, but the schema may say number, and JSON can write one.
    const exact = json ? strip(toWire(data, true)) : undefined
    if (exact !== undefined && !(check(exact) as Verdict).faults) return exact
    throw new AnswerError(where, faults)
  }
  return { schema, prepare, stringify }
}

// A Standard Schema strips and changes by itself what it checks. It gets the data as it is first, and as it would be on the wire where that does not do.
function standardShape(standard: StandardSchema, output: Output, where: string): Shape {
  const schema = jsonSchemaOf(standard, 'output')
  const check = compile(standard, where)
  const strip = schema === undefined || output === 'check' ? undefined : (compileStrip(schema, { closed: true, where }) ?? ((data: unknown) => data))
  const second = (data: unknown, faults: readonly Fault[]): unknown => {
    const wire = toWire(data)
    return wire === data ? last(data, { faults }) : settled(check(wire), (verdict) => last(wire, verdict))
  }
  const last = (wire: unknown, verdict: Verdict): unknown => {
    if (!verdict.faults) return toWire(verdict.data)
    if (strip) return strip(wire)
    throw new AnswerError(where, verdict.faults)
  }
  return {
    schema,
    prepare: (data) => settled(check(data), (verdict) => (verdict.faults ? second(data, verdict.faults) : toWire(verdict.data))),
    stringify: (isSimple(schema) && compileSerializer(schema as JSONSchema)) || stringifyPlain,
  }
}

function settled(verdict: Verdict | Promise<Verdict>, go: (verdict: Verdict) => unknown): unknown {
  return verdict instanceof Promise ? verdict.then(go) : go(verdict)
}

/** The shape of a list, each item of which has the shape given; faults are told with their places. */
export function listShape(one: Shape, where: string): Shape {
  const together = (items: readonly unknown[]): unknown[] => {
    const errors = items.flatMap((item, index) =>
      item instanceof AnswerError ? item.faults.map((fault) => ({ ...fault, pointer: `/${index}${fault.pointer}` })) : [],
    )
    if (errors.length > 0) throw new AnswerError(where, errors)
    return items as unknown[]
  }
  const caught = (error: unknown): AnswerError => {
    if (error instanceof AnswerError) return error
    throw error
  }
  const prepareOne = (item: unknown, json: boolean): unknown => {
    try {
      const prepared = one.prepare(item, json)
      return prepared instanceof Promise ? prepared.catch(caught) : prepared
    } catch (error) {
      return caught(error)
    }
  }
  return {
    schema: one.schema === undefined ? undefined : { type: 'array', items: one.schema },
    prepare: (data, json) => {
      const items = (data as unknown[]).map((item) => prepareOne(item, json))
      return items.some((item) => item instanceof Promise) ? Promise.all(items).then(together) : together(items)
    },
    stringify: (data) => `[${(data as unknown[]).map((item) => one.stringify(item)).join()}]`,
  }
}

type Node = Record<string, unknown>

const scalarTypes = new Set(['string', 'number', 'integer', 'boolean', 'null'])
const notes = /^(?:title|description|examples?|deprecated|readOnly|\$comment|\$schema|~\w+|x-.+)$/
const keywords: Record<'scalar' | 'object' | 'array', ReadonlySet<string>> = {
  scalar: new Set(
    'type enum const format minLength maxLength pattern contentEncoding contentMediaType minimum maximum exclusiveMinimum exclusiveMaximum multipleOf'.split(
      ' ',
    ),
  ),
  object: new Set(['type', 'properties', 'required', 'additionalProperties']),
  array: new Set(['type', 'items', 'minItems', 'maxItems']),
}

// The serializer knows the plain core of JSON Schema by heart and guesses at the rest; only schemas of that core are given to it. Keywords that look at
// an object as a whole are not of it, because the check sees the object before the serializer strips it.
function isSimple(node: unknown): boolean {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return false
  const { type, properties = {}, required = [], additionalProperties, items } = node as Node
  const kind = type === 'object' || type === 'array' ? type : scalarTypes.has(type as string) ? 'scalar' : undefined
  if (!kind || !Object.keys(node).every((keyword) => keywords[kind].has(keyword) || notes.test(keyword))) return false
  if (kind === 'array') return isSimple(items)
  if (kind === 'scalar') return true
  if ((additionalProperties !== undefined && typeof additionalProperties !== 'boolean') || typeof properties !== 'object' || properties === null) return false
  // It reads members without asking whose they are, and every object has a `constructor`.
  return (
    Object.entries(properties as Node).every(([name, inner]) => !(name in Object.prototype) && isSimple(inner)) &&
    Array.isArray(required) &&
    required.every((name) => Object.hasOwn(properties as Node, name))
  )
}

function compileSerializer(schema: JSONSchema): ((data: unknown) => string) | undefined {
  try {
    return fastJson(told(schema as Node) as never) as (data: unknown) => string
  } catch (error) {
    // Where code may not be made from strings, the plain way serves.
    if (error instanceof EvalError) return undefined
    throw error
  }
}

// To the serializer an object is closed unless it is told otherwise, in JSON Schema it is open.
// It writes a text of a known format without escaping, so it is not told of formats; a list of values it would check by itself.
function told({ type, properties, required, additionalProperties = true, items }: Node): Node {
  if (type === 'object') return { type, properties: mapValues(properties, told), additionalProperties, ...(required ? { required } : {}) }
  return type === 'array' ? { type, items: told(items as Node) } : { type }
}

function opened(schema: JSONSchema): JSONSchema {
  const { additionalProperties: _, properties, items, ...rest } = schema as Node
  return {
    ...rest,
    ...(properties ? { properties: mapValues(properties, (inner) => opened(inner) as Node) } : {}),
    ...(items ? { items: opened(items as JSONSchema) } : {}),
  }
}

function mapValues(object: unknown, change: (value: Node) => Node): Node {
  return Object.fromEntries(Object.entries((object ?? {}) as Record<string, Node>).map(([name, value]) => [name, change(value)]))
}
