// Shape: what an answer must look like. Held against its schema, stripped of what the schema does not know, written as JSON by a compiled serializer.
import fastJson from 'fast-json-stringify'
import { resolve } from './coerce.js'
import { type Check, compile, type Fault, isStandard, type JSONSchema, jsonSchemaOf, type Schema } from './schema.js'
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
 */
export function compileShape(schema: Schema, output: Output, where: string): Shape {
  const json = jsonSchemaOf(schema, 'output')
  const refuse = (faults: readonly Fault[]): never => {
    throw new AnswerError(where, faults)
  }
  if (output === 'trust') return { ...shapeless, schema: json }
  if (isStandard(schema)) return standardShape(compile(schema, where), json, output, refuse)

  const serializer = isSimple(schema) ? compileSerializer(schema) : undefined
  const strip = (data: unknown): unknown => stripTo(data, schema, schema, where)
  if (output === 'strip') {
    compile(schema, where)
    return {
      schema,
      prepare: (data, json) => (serializer && json ? data : strip(toWire(data))),
      stringify: serializer ?? stringifyPlain,
    }
  }
  // What the serializer strips is no fault, so where it does, closed objects are checked as if they were open.
  const check = compile(serializer ? opened(schema) : schema, where)
  return {
    schema,
    prepare: (data, json) => {
      const wire = serializer && json ? toWire(data) : strip(toWire(data))
      const verdict = check(wire) as { faults?: readonly Fault[] }
      return verdict.faults ? refuse(verdict.faults) : wire
    },
    stringify: serializer ?? stringifyPlain,
  }
}

// A Standard Schema strips and changes by itself what it checks.
function standardShape(check: Check, schema: JSONSchema | undefined, output: Output, refuse: (faults: readonly Fault[]) => never): Shape {
  const taken = (verdict: Awaited<ReturnType<Check>>, data: unknown): unknown => {
    if (verdict.faults) return output === 'strip' ? toWire(data) : refuse(verdict.faults)
    return toWire(verdict.data)
  }
  return {
    schema,
    prepare: (data) => {
      const verdict = check(data)
      return verdict instanceof Promise ? verdict.then((settled) => taken(settled, data)) : taken(verdict, data)
    },
    stringify: stringifyPlain,
  }
}

type Node = Record<string, unknown>

const simpleTypes = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])
const structure = new Set(['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const', 'format'])
const harmless =
  /^(?:title|description|examples?|deprecated|readOnly|\$comment|\$schema|min\w*|max\w*|exclusive\w*|multipleOf|pattern|uniqueItems|contentEncoding|contentMediaType|~\w+|x-.+)$/

// The serializer knows the plain core of JSON Schema by heart and guesses at the rest; only schemas of that core are given to it.
function isSimple(node: unknown): boolean {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return false
  const { type, properties, additionalProperties, items } = node as Node
  if (!Object.keys(node).every((keyword) => structure.has(keyword) || harmless.test(keyword))) return false
  if (typeof type !== 'string' || !simpleTypes.has(type)) return false
  if (type === 'object') {
    if (additionalProperties !== undefined && typeof additionalProperties !== 'boolean') return false
    return Object.entries((properties ?? {}) as Node).every(([name, inner]) => name !== '__proto__' && isSimple(inner))
  }
  return type === 'array' ? isSimple(items) : true
}

// Where code may not be made from strings, there is no serializer, and the plain path serves.
function compileSerializer(schema: JSONSchema): ((data: unknown) => string) | undefined {
  try {
    return fastJson(told(schema as Node) as unknown as Parameters<typeof fastJson>[0]) as (data: unknown) => string
  } catch {
    return undefined
  }
}

// To the serializer an object is closed unless it is told otherwise, in JSON Schema it is open.
// It writes a text of a known format without escaping, so it is not told of formats; a list of values it would check by itself.
function told({ type, properties, required, additionalProperties = true, items }: Node): Node {
  if (type === 'object') return { type, properties: mapValues(properties, told), additionalProperties, ...(required ? { required } : {}) }
  return type === 'array' ? { type, items: told(items as Node) } : { type }
}

function opened(schema: JSONSchema): JSONSchema {
  const { additionalProperties, properties, items, ...rest } = schema as Node
  return {
    ...rest,
    ...(additionalProperties === false || additionalProperties === undefined ? {} : { additionalProperties }),
    ...(properties ? { properties: mapValues(properties, (inner) => opened(inner) as Node) } : {}),
    ...(items ? { items: opened(items as JSONSchema) } : {}),
  }
}

function mapValues(object: unknown, change: (value: Node) => Node): Node {
  return Object.fromEntries(Object.entries((object ?? {}) as Record<string, Node>).map(([name, value]) => [name, change(value)]))
}

const checks = new WeakMap<object, Check>()

/** A copy of data without the members that closed objects do not know, and with the defaults of those that are missing. What has no closed object is given back as it is. */
function stripTo(data: unknown, node: unknown, root: object | boolean, where: string): unknown {
  if (typeof node !== 'object' || node === null || typeof data !== 'object' || data === null) return data
  const { $ref, allOf, anyOf, oneOf, items, prefixItems, properties, patternProperties, additionalProperties, unevaluatedProperties } = node as Node
  if (typeof $ref === 'string' && $ref.startsWith('#')) data = stripTo(data, $ref === '#' ? root : resolve($ref, root as object), root, where)
  if (Array.isArray(allOf)) for (const inner of allOf) data = stripTo(data, inner, root, where)
  const branches = (anyOf ?? oneOf) as unknown
  if (Array.isArray(branches)) data = stripToBranch(data, branches, root, where)
  if (Array.isArray(data)) {
    const prefix = Array.isArray(prefixItems) ? prefixItems : []
    return data.map((item, index) => stripTo(item, index < prefix.length ? prefix[index] : items, root, where))
  }
  if (!properties && !patternProperties && additionalProperties === undefined && unevaluatedProperties === undefined) return data
  const closed = additionalProperties === false || (unevaluatedProperties === false && !$ref && !allOf && !branches)
  const copy: Node = {}
  for (const [name, value] of Object.entries(data as Node)) {
    const inner = memberOf(name, properties as Node | undefined, patternProperties as Node | undefined)
    if (inner !== undefined) copy[name] = stripTo(value, inner, root, where)
    else if (!closed) copy[name] = typeof additionalProperties === 'object' ? stripTo(value, additionalProperties, root, where) : value
  }
  for (const [name, inner] of Object.entries((properties ?? {}) as Record<string, Node>)) {
    if (copy[name] === undefined && typeof inner === 'object' && 'default' in inner) copy[name] = inner.default
  }
  return copy
}

function memberOf(name: string, properties: Node | undefined, patterns: Node | undefined): unknown {
  if (properties && Object.hasOwn(properties, name)) return properties[name]
  for (const [pattern, inner] of Object.entries(patterns ?? {})) if (new RegExp(pattern, 'u').test(name)) return inner
  return undefined
}

// Of several branches, the first that the data fits once stripped is the one it was made for.
function stripToBranch(data: unknown, branches: readonly unknown[], root: object | boolean, where: string): unknown {
  for (const branch of branches) {
    if (typeof branch !== 'object' || branch === null) continue
    let check = checks.get(branch)
    if (!check) {
      // A branch may point at definitions of the whole schema.
      const { $defs } = root as Node
      check = compile($defs ? { ...branch, $defs } : branch, where)
      checks.set(branch, check)
    }
    const stripped = stripTo(data, branch, root, where)
    if (!(check(stripped) as { faults?: unknown }).faults) return stripped
  }
  return data
}
