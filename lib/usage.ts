// Usage: the one schema of a representation, as it reads for each use of the thing: a new one, a whole one, a change of one, one to show.
import { put } from './member.js'
import { Representation } from './representation.js'
import { isStandard, type JSONSchema, jsonSchemaOf, type Schema } from './schema.js'

/** What a representation is asked for: a whole thing, a new one, a change of one, or one to show. */
export type Use = 'post' | 'put' | 'patch' | 'read'

type Node = Record<string, unknown>

/**
 * The JSON Schema of a representation for one use, with the schemas of other representations put in place of their references.
 * A thing to be shown has no `writeOnly` members. In one that comes in, `readOnly` members are not required; POST and PATCH refuse them,
 * PUT takes and drops them, because it sends back what GET gave. PATCH requires nothing, save in the items of lists: a list replaces a list.
 * @example schemaFor(account, 'patch')
 */
export function schemaFor(representation: Representation, use: Use): Schema {
  const { schema } = representation
  return isStandard(schema) ? schema : (new Writing().whole(schema, use) as JSONSchema)
}

class Writing {
  readonly #definitions: Node = {}
  readonly #names = new Map<Representation, Map<Use, string>>()
  #count = 0

  whole(schema: JSONSchema, use: Use): unknown {
    const node = this.#node(schema, use)
    return this.#count === 0 ? node : { ...(node as Node), $defs: { ...((node as Node).$defs as Node | undefined), ...this.#definitions } }
  }

  #refer(other: Representation, use: Use): string {
    const names = this.#names.get(other) ?? new Map<Use, string>()
    this.#names.set(other, names)
    let name = names.get(use)
    if (name === undefined) {
      // The name is there before the schema is written, so that a circle ends here.
      name = `representation${++this.#count}`
      names.set(use, name)
      const { schema } = other
      const json = isStandard(schema) ? (jsonSchemaOf(schema, use === 'read' ? 'output' : 'input') ?? {}) : schema
      const moved = movedTo(`#/$defs/${name}`, json)
      this.#definitions[name] = isStandard(schema) ? moved : this.#node(moved, use)
    }
    return `#/$defs/${name}`
  }

  #node(node: unknown, use: Use): unknown {
    if (Array.isArray(node)) return node.map((inner) => this.#node(inner, use))
    if (typeof node !== 'object' || node === null) return node
    const other = referredBy((node as Node).$ref)
    const out: Node = {}
    for (const [keyword, value] of Object.entries(node)) {
      if (keyword === '$ref') out.$ref = other ? this.#refer(other, use) : value
      else if (keyword === 'properties' && isMap(value)) out.properties = this.#properties(value, use, node as Node)
      else if (keyword === 'required') this.#required(out, value, (node as Node).properties, use)
      else if (use === 'patch' && whole.has(keyword)) continue
      else if (use === 'patch' && asWritten.has(keyword)) out[keyword] = this.#node(value, 'put')
      // Branches may differ in nothing but what they require.
      else if (use === 'patch' && keyword === 'oneOf' && !('anyOf' in node)) out.anyOf = this.#node(value, use)
      else if (maps.has(keyword) && isMap(value)) out[keyword] = mapValues(value, (inner) => this.#node(inner, use))
      else out[keyword] = literal.has(keyword) ? value : this.#node(value, use)
    }
    return out
  }

  #properties(properties: Node, use: Use, { additionalProperties, patternProperties }: Node): Node {
    const kept: Node = {}
    for (const [name, inner] of Object.entries(properties)) {
      const { readOnly, writeOnly } = (inner ?? {}) as Node
      let written: unknown
      if (use === 'read' && writeOnly === true) {
        // To an open object, a name that is not there is one like any other.
        if (additionalProperties === false && patternProperties === undefined) continue
        written = false
      } else if (readOnly === true && use !== 'read') written = use === 'put' ? { readOnly } : false
      else written = this.#node(inner, use)
      put(kept, name, written)
    }
    return kept
  }

  #required(out: Node, required: unknown, properties: unknown, use: Use): void {
    if (use === 'patch') return
    if (!Array.isArray(required)) {
      out.required = required
      return
    }
    const names = required.filter((name) => {
      const { readOnly, writeOnly } = ((properties as Node | undefined)?.[name] ?? {}) as Node
      return use === 'read' ? writeOnly !== true : readOnly !== true
    })
    if (names.length > 0) out.required = names
  }
}

// Keywords whose value is data, not a schema; whose value is schemas by name; that ask for a whole thing; whose schemas hold of a part as they do of the whole.
const literal = new Set(['enum', 'const', 'default', 'examples', 'example'])
const maps = new Set(['$defs', 'definitions', 'patternProperties', 'dependentSchemas'])
const whole = new Set(['minProperties', 'dependentRequired'])
const asWritten = new Set(['items', 'prefixItems', 'contains', 'not', 'if'])

/** The representation that a `$ref` means, as it is or as a function that gives it. */
export function referredBy($ref: unknown): Representation | undefined {
  const other = typeof $ref === 'function' ? ($ref as () => unknown)() : $ref
  return other instanceof Representation ? other : undefined
}

/** A schema whose references to itself still hold where it stands at `place` in another one. */
export function movedTo(place: string, node: unknown): unknown {
  if (Array.isArray(node)) return node.map((inner) => movedTo(place, inner))
  if (typeof node !== 'object' || node === null || node instanceof Representation) return node
  return mapEntries(node as Node, (keyword, value) => {
    if (literal.has(keyword)) return value
    if (keyword === '$ref' && typeof value === 'string') return value === '#' || value.startsWith('#/') ? place + value.slice(1) : value
    return movedTo(place, value)
  })
}

/** Whether a schema refers to parts of itself. */
export function refersToItself(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  const { $ref } = node as Node
  return (typeof $ref === 'string' && $ref.startsWith('#')) || Object.values(node).some(refersToItself)
}

// A broken schema is left as it is, for the compiler to say so.
function isMap(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapValues(object: Node, change: (value: unknown) => unknown): Node {
  return mapEntries(object, (_, value) => change(value))
}

function mapEntries(object: Node, change: (key: string, value: unknown) => unknown): Node {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(key, value)]))
}
