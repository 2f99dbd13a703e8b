// Coerce: text becomes what a JSON Schema says it is. For places where all is text (query, path, header fields, forms), never for JSON.
// The schema is read once; what is left for each request is to walk through the data.
import type { JSONSchema } from './schema.js'

type Node = Record<string, unknown>

/** How {@link coercion} reads lists. */
export interface CoercionOptions {
  /** Stands between the items where a whole list is one text, as in header fields. Without one, such a text is the only item. */
  separator?: string
}

/**
 * Makes a function that turns the texts in an object into numbers, booleans, null and lists where the schema asks for them.
 * A text that is not exactly one stays as it is, for the check to find: `1e3` is no integer, and neither are `+1`, `01` and `0x10`.
 * An empty text where the schema takes no text counts as absent. Where the schema takes a text too, the text stays a text.
 *
 * @param schema the schema of the object; `undefined` changes nothing
 * @example coercion({ properties: { limit: { type: 'integer' } } })({ limit: '7' }) // { limit: 7 }
 */
export function coercion(schema: JSONSchema | undefined, { separator }: CoercionOptions = {}): (data: unknown) => unknown {
  if (schema === undefined || typeof schema === 'boolean') return (data) => data
  const whole = new Reading(schema as Node, separator).of([schema as Node]) as Coercer
  return (data) => whole.change(data)
}

/** The members that a schema of an object names: among its properties and what it requires, in all it points to or is put together from. */
export function memberNames(schema: JSONSchema | undefined): string[] {
  if (schema === undefined || typeof schema === 'boolean') return []
  const nodes = expand([schema as Node], schema as Node)
  return [...new Set(nodes.flatMap(({ properties, required }) => [...Object.keys((properties ?? {}) as Node), ...(Array.isArray(required) ? required : [])]))]
}

const absent = Symbol('absent')

/** What becomes of the value at one place. */
class Coercer {
  /** What a text may become, by the names of JSON Schema. */
  readonly #types = new Set<string>()
  /** Texts that are meant as they are, where only some are. */
  readonly #words = new Set<string>()
  readonly #separator: string | undefined
  readonly members = new Map<string, Coercer>()
  readonly patterns: [RegExp, Coercer][] = []
  others: Coercer | undefined
  readonly prefix: (Coercer | undefined)[] = []
  items: Coercer | undefined

  constructor(nodes: readonly Node[], separator: string | undefined) {
    for (const node of nodes) this.#learn(node)
    this.#separator = separator
  }

  #learn({ type, enum: values, const: value, nullable }: Node): void {
    const types = typeof type === 'string' ? [type] : Array.isArray(type) ? (type as string[]) : []
    const listed: unknown[] | undefined = Array.isArray(values) ? values : value === undefined ? undefined : [value]
    if (listed && (types.length === 0 || types.includes('string'))) {
      for (const one of listed) {
        if (typeof one === 'string') this.#words.add(one)
        else this.#types.add(one === null ? 'null' : Array.isArray(one) ? 'array' : typeof one)
      }
    } else for (const name of types) this.#types.add(name)
    if (nullable === true) this.#types.add('null')
  }

  change(value: unknown): unknown {
    if (typeof value === 'string') return this.#fromText(value)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return this.#list(value)
    const object = value as Node
    for (const key of Object.keys(object)) {
      const inner = this.#member(key)
      if (!inner) continue
      const changed = inner.change(object[key])
      if (changed === absent) delete object[key]
      else object[key] = changed
    }
    return object
  }

  #member(key: string): Coercer | undefined {
    return this.members.get(key) ?? this.patterns.find(([pattern]) => pattern.test(key))?.[1] ?? this.others
  }

  #list(list: readonly unknown[]): unknown[] {
    return list.map((item, index) => {
      const inner = index < this.prefix.length ? this.prefix[index] : this.items
      const changed = inner ? inner.change(item) : item
      return changed === absent ? item : changed
    })
  }

  #fromText(text: string): unknown {
    const types = this.#types
    if (types.size === 0 || types.has('string') || this.#words.has(text)) return text
    if (text === '' && this.#words.size === 0) return types.has('null') ? null : absent
    if (types.has('integer') && integer.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
    if (types.has('number') && number.test(text) && Number.isFinite(Number(text))) return Number(text)
    if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
    if (types.has('null') && text === 'null') return null
    if (!types.has('array')) return text
    return this.#list(this.#separator === undefined ? [text] : text.split(this.#separator).flatMap((item) => item.trim() || []))
  }
}

// RFC 8259 section 6: a number is written in one way only.
const integer = /^-?(?:0|[1-9]\d*)$/
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

// Makes a coercer for each place of a schema, one for each set of nodes that meet there, so that a schema may go in circles.
class Reading {
  readonly #root: Node
  readonly #separator: string | undefined
  readonly #ids = new Map<Node, number>()
  readonly #made = new Map<string, Coercer>()

  constructor(root: Node, separator: string | undefined) {
    this.#root = root
    this.#separator = separator
  }

  of(schemas: readonly unknown[]): Coercer | undefined {
    const nodes = expand(schemas.filter(isNode), this.#root)
    if (nodes.length === 0) return undefined
    const key = nodes.map((node) => this.#id(node)).join()
    const known = this.#made.get(key)
    if (known) return known
    const coercer = new Coercer(nodes, this.#separator)
    this.#made.set(key, coercer)
    const all = (pick: (node: Node) => unknown): Coercer | undefined => this.of(nodes.map(pick))
    for (const name of new Set(nodes.flatMap(({ properties }) => Object.keys((properties ?? {}) as Node)))) {
      const inner = all(({ properties }) => (properties && Object.hasOwn(properties as Node, name) ? (properties as Node)[name] : undefined))
      if (inner) coercer.members.set(name, inner)
    }
    for (const { patternProperties } of nodes) {
      for (const [pattern, node] of Object.entries((patternProperties ?? {}) as Node)) {
        const inner = this.of([node])
        if (inner) coercer.patterns.push([new RegExp(pattern, 'u'), inner])
      }
    }
    coercer.others = all(({ additionalProperties }) => additionalProperties)
    coercer.items = all(({ items }) => items)
    const length = Math.max(...nodes.map(({ prefixItems }) => (Array.isArray(prefixItems) ? prefixItems.length : 0)))
    for (let index = 0; index < length; index++) coercer.prefix.push(all(({ prefixItems }) => (prefixItems as unknown[] | undefined)?.[index]))
    return coercer
  }

  #id(node: Node): number {
    const id = this.#ids.get(node) ?? this.#ids.size
    this.#ids.set(node, id)
    return id
  }
}

function isNode(schema: unknown): schema is Node {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema)
}

/** Schemas, and all they point to or are put together from; which of them holds is for the check to say. */
export function expand(nodes: readonly Record<string, unknown>[], root: object): Record<string, unknown>[] {
  const found = new Set<Node>()
  const visit = (node: Node): void => {
    if (found.has(node)) return
    found.add(node)
    const target = typeof node.$ref === 'string' ? resolve(node.$ref, root) : undefined
    if (target) visit(target)
    for (const list of [node.anyOf, node.oneOf, node.allOf]) if (Array.isArray(list)) for (const inner of list) if (isNode(inner)) visit(inner)
  }
  nodes.forEach(visit)
  return [...found]
}

/** Follows a `$ref` within one schema: `#/$defs/name`, `#anchor`, or the `$id` of one of its parts. */
export function resolve($ref: string, root: object): Record<string, unknown> | undefined {
  if ($ref !== '#' && !$ref.startsWith('#/')) return findNamed($ref, root, new Set())
  let node: unknown = root
  for (const step of $ref.slice(1).split('/').slice(1)) {
    const key = unescaped(step)
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined
    node = (node as Node)[key]
  }
  return typeof node === 'object' && node !== null ? (node as Node) : undefined
}

function unescaped(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return step
  }
}

function findNamed($ref: string, node: unknown, seen: Set<unknown>): Node | undefined {
  if (typeof node !== 'object' || node === null || seen.has(node)) return undefined
  seen.add(node)
  const { $id, $anchor, $dynamicAnchor } = node as Node
  if ($id === $ref || `#${$anchor}` === $ref || `#${$dynamicAnchor}` === $ref) return node as Node
  for (const inner of Object.values(node)) {
    const found = findNamed($ref, inner, seen)
    if (found) return found
  }
  return undefined
}
