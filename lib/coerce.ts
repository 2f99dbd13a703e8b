// Coerce: text becomes what a JSON Schema says it is. For places where all is text (query, path, header fields, forms), never for JSON.
import type { JSONSchema } from './schema.js'

type Node = Record<string, unknown>

/**
 * Makes a function that turns the texts in an object into numbers, booleans, null and lists where the schema asks for them.
 * A text that is not exactly one stays as it is, for the check to find: `1e3` is no integer, and neither are `+1`, `01` and `0x10`.
 * An empty text where the schema takes no text counts as absent.
 *
 * @param schema the schema of the object; `undefined` changes nothing
 * @example coercion({ properties: { limit: { type: 'integer' } } })({ limit: '7' }) // { limit: 7 }
 */
export function coercion(schema: JSONSchema | undefined): (data: unknown) => unknown {
  if (schema === undefined || typeof schema === 'boolean') return (data) => data
  const root = schema as Node
  return (data) => coerce(data, root, root, 0)
}

const deepest = 32

function coerce(value: unknown, node: Node, root: Node, depth: number): unknown {
  const nodes = expand(node, root)
  const types = new Set(nodes.flatMap(typesOf))
  if (typeof value === 'string') {
    if (types.has('array') && !types.has('string')) return [coerceItem(value, nodes, root, depth)]
    return fromText(value, types)
  }
  if (Array.isArray(value)) return value.map((item) => coerceItem(item, nodes, root, depth))
  if (typeof value !== 'object' || value === null || depth > deepest) return value
  const object = value as Node
  for (const key of Object.keys(object)) {
    const inner = member(key, nodes)
    if (!inner) continue
    const changed = coerce(object[key], inner, root, depth + 1)
    if (changed === absent) delete object[key]
    else object[key] = changed
  }
  return object
}

const absent = Symbol('absent')

function coerceItem(item: unknown, nodes: readonly Node[], root: Node, depth: number): unknown {
  const items = nodes.map((node) => node.items).find((inner) => typeof inner === 'object' && inner !== null)
  if (!items || depth > deepest) return item
  const changed = coerce(item, items as Node, root, depth + 1)
  return changed === absent ? item : changed
}

function member(key: string, nodes: readonly Node[]): Node | undefined {
  for (const { properties, additionalProperties } of nodes) {
    const own = properties && Object.hasOwn(properties as Node, key) ? (properties as Node)[key] : undefined
    const inner = own ?? additionalProperties
    if (typeof inner === 'object' && inner !== null) return inner as Node
  }
  return undefined
}

// RFC 8259 section 6: a number is written in one way only.
const integer = /^-?(?:0|[1-9]\d*)$/
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function fromText(text: string, types: ReadonlySet<string>): unknown {
  if (types.size === 0 || types.has('string')) return text
  if (text === '') return types.has('null') ? null : absent
  if (types.has('integer') && integer.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  if (types.has('number') && number.test(text) && Number.isFinite(Number(text))) return Number(text)
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.has('null') && text === 'null') return null
  return text
}

function typesOf({ type, enum: values, const: value }: Node): string[] {
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type as string[]
  const examples = Array.isArray(values) ? values : value === undefined ? [] : [value]
  return examples.map((example) => (example === null ? 'null' : Array.isArray(example) ? 'array' : typeof example))
}

// A schema and all it points to or is put together from; which of them holds is for the check to say.
function expand(node: Node, root: Node, depth = 0): Node[] {
  const found = [node]
  if (depth > deepest) return found
  const { $ref } = node
  if (typeof $ref === 'string' && $ref.startsWith('#')) {
    const target = resolve($ref, root)
    if (target) found.push(...expand(target, root, depth + 1))
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf'] as const) {
    const list = node[keyword]
    if (Array.isArray(list)) for (const inner of list) if (typeof inner === 'object' && inner !== null) found.push(...expand(inner as Node, root, depth + 1))
  }
  return found
}

/** Follows a `$ref` such as `#/$defs/name` within one schema. */
export function resolve($ref: string, root: object): Record<string, unknown> | undefined {
  let node: unknown = root
  for (const step of $ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined
    node = (node as Node)[key]
  }
  return typeof node === 'object' && node !== null ? (node as Node) : undefined
}
