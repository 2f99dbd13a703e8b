// Strip: copies of data without the members that are not for the other side. Worked out from the schema once, when a resource is made.
import { expand, resolve } from './coerce.js'
import { put } from './member.js'
import { type Check, compileParts, type Fault, type JSONSchema, type JSONSchemaObject } from './schema.js'

/** Takes away what is not for the other side. Data is never changed; what has nothing to be taken away is given back as it is. */
export type Strip = (data: unknown) => unknown

/** What {@link compileStrip} is to do. */
export interface StripOptions {
  /** Takes away what closed objects do not know and members whose schema is `false`, and fills in defaults. */
  closed?: boolean
  /** Takes away `readOnly` members. */
  readOnly?: boolean
  /** How messages call the place of the schema. */
  where: string
}

type Node = Record<string, unknown>

/**
 * Makes a function that strips data; `undefined` where there is nothing that it could do.
 * @example compileStrip({ properties: { id: {} }, additionalProperties: false }, { closed: true, where: 'here' })?.({ id: 1, hash: 'x' }) // { id: 1 }
 * @throws TypeError when the schema is broken
 */
export function compileStrip(schema: JSONSchema, options: StripOptions): Strip | undefined {
  return typeof schema === 'boolean' ? undefined : new Stripping(schema, options).compile()
}

/** One member of an object. */
interface Member {
  readonly strip: Strip | undefined
  readonly dropped: boolean
}

class Stripping {
  readonly #root: JSONSchemaObject
  readonly #options: StripOptions
  readonly #made = new Map<unknown, { strip: Strip | undefined; done: boolean }>()
  /** Branches to choose from, to be compiled all at once when all are known. */
  readonly #branches: { readonly pointer: string; check: Check | undefined }[] = []

  constructor(root: JSONSchemaObject, options: StripOptions) {
    this.#root = root
    this.#options = options
  }

  compile(): Strip | undefined {
    const strip = this.#of(this.#root, '')
    if (this.#branches.length > 0) {
      const pointers = this.#branches.map(({ pointer }) => pointer)
      for (const [index, check] of compileParts(this.#root, pointers, this.#options.where).entries()) (this.#branches[index] as { check: Check }).check = check
    }
    return strip
  }

  #of(node: unknown, pointer: string): Strip | undefined {
    if (typeof node !== 'object' || node === null) return undefined
    const known = this.#made.get(node)
    // In a circle the strip is not known yet, only that there will be one.
    if (known) return known.done ? known.strip : (data) => (known.strip ? known.strip(data) : data)
    const entry = { strip: undefined as Strip | undefined, done: false }
    this.#made.set(node, entry)
    entry.strip = inTurn(this.#steps(node as Node, pointer))
    entry.done = true
    return entry.strip
  }

  #steps(node: Node, pointer: string): (Strip | undefined)[] {
    const { $ref, allOf, anyOf, oneOf } = node
    const target = typeof $ref === 'string' ? resolve($ref, this.#root) : undefined
    return [
      target && this.#of(target, pointerOf(target, this.#root) ?? pointer),
      ...(Array.isArray(allOf) ? allOf.map((inner, index) => this.#of(inner, `${pointer}/allOf/${index}`)) : []),
      Array.isArray(anyOf) ? this.#choice(anyOf, `${pointer}/anyOf`) : undefined,
      Array.isArray(oneOf) ? this.#choice(oneOf, `${pointer}/oneOf`) : undefined,
      this.#list(node, pointer),
      this.#object(node, pointer),
    ]
  }

  // Of several branches, the data was made for the first that it fits once stripped; where it fits none, for the one it is nearest to;
  // what a branch is known by, its constants above all, counts for more than what else is in it.
  #choice(branches: readonly unknown[], pointer: string): Strip | undefined {
    const strips = branches.map((branch, index) => this.#of(branch, `${pointer}/${index}`))
    if (strips.every((strip) => strip === undefined)) return undefined
    const entries = branches.map((_, index) => ({ pointer: `${pointer}/${index}`, check: undefined as Check | undefined }))
    this.#branches.push(...entries)
    return (data) => {
      let best = data
      let least = Number.POSITIVE_INFINITY
      for (let index = 0; index < strips.length; index++) {
        const strip = strips[index]
        const stripped = strip ? strip(data) : data
        const { faults } = (entries[index] as { check: Check }).check(stripped) as Partial<{ faults: readonly Fault[] }>
        if (!faults) return stripped
        const weight = faults.reduce((sum, { pointer, code }) => sum + (pointer === '' || code === 'const' || code === 'enum' ? 100 : 1), 0)
        if (weight < least) {
          least = weight
          best = stripped
        }
      }
      return best
    }
  }

  #list({ items, prefixItems }: Node, pointer: string): Strip | undefined {
    const prefix = Array.isArray(prefixItems) ? prefixItems.map((inner, index) => this.#of(inner, `${pointer}/prefixItems/${index}`)) : []
    const each = this.#of(items, `${pointer}/items`)
    if (!each && prefix.every((strip) => strip === undefined)) return undefined
    return (data) => {
      if (!Array.isArray(data)) return data
      return data.map((item, index) => {
        const strip = index < prefix.length ? prefix[index] : each
        return strip ? strip(item) : item
      })
    }
  }

  #object(node: Node, pointer: string): Strip | undefined {
    const { properties = {}, patternProperties = {}, additionalProperties } = node as Record<string, Node>
    const { closed = false } = this.#options
    const isClosed = closed && (additionalProperties as unknown) === false
    const members = new Map(Object.entries(properties).map(([name, inner]) => [name, this.#member(inner, `${pointer}/properties/${escaped(name)}`)]))
    const patterns = Object.entries(patternProperties).map(([pattern, inner]) => ({
      pattern: new RegExp(pattern, 'u'),
      strip: this.#of(inner, `${pointer}/patternProperties/${escaped(pattern)}`),
    }))
    const others = this.#of(additionalProperties, `${pointer}/additionalProperties`)
    const defaults = closed ? this.#defaults(properties, members) : []
    const known = closed && !isClosed ? this.#evaluated(node) : undefined
    const idle = [...members.values()].every(({ strip, dropped }) => !strip && !dropped) && patterns.every(({ strip }) => !strip)
    if (idle && !isClosed && !others && !known && defaults.length === 0) return undefined
    return (data) => {
      if (typeof data !== 'object' || data === null || Array.isArray(data)) return data
      const copy: Node = {}
      for (const name of Object.keys(data)) {
        const value = (data as Node)[name]
        if (value === undefined) continue
        const member = members.get(name)
        if (member) {
          if (!member.dropped) put(copy, name, member.strip ? member.strip(value) : value)
          continue
        }
        const match = patterns.length > 0 ? patterns.find(({ pattern }) => pattern.test(name)) : undefined
        if (match) put(copy, name, match.strip ? match.strip(value) : value)
        else if (!isClosed && (!known || known(name))) put(copy, name, others ? others(value) : value)
      }
      for (const [name, make] of defaults) if (!Object.hasOwn(copy, name)) put(copy, name, make())
      return copy
    }
  }

  #member(inner: unknown, pointer: string): Member {
    const { closed = false, readOnly = false } = this.#options
    return {
      strip: this.#of(inner, pointer),
      dropped: (closed && inner === false) || (readOnly && typeof inner === 'object' && inner !== null && (inner as Node).readOnly === true),
    }
  }

  #defaults(properties: Node, members: ReadonlyMap<string, Member>): [string, () => unknown][] {
    return Object.entries(properties).flatMap(([name, inner]): [string, () => unknown][] => {
      if (typeof inner !== 'object' || inner === null || !('default' in inner)) return []
      const value = inner.default
      const strip = members.get(name)?.strip ?? ((fresh: unknown) => fresh)
      return [[name, typeof value === 'object' ? () => strip(structuredClone(value)) : () => value]]
    })
  }

  // `unevaluatedProperties: false` closes an object to all that none of its parts knows.
  #evaluated(node: Node): ((name: string) => boolean) | undefined {
    if (node.unevaluatedProperties !== false) return undefined
    const nodes = expand([node], this.#root)
    if (nodes.some(({ additionalProperties }) => additionalProperties !== undefined && additionalProperties !== false)) return undefined
    if (nodes.some((part) => ['$dynamicRef', 'if', 'then', 'else', 'dependentSchemas'].some((keyword) => keyword in part))) return undefined
    const names = new Set(nodes.flatMap(({ properties }) => Object.keys((properties ?? {}) as Node)))
    const patterns = nodes.flatMap(({ patternProperties }) => Object.keys((patternProperties ?? {}) as Node)).map((pattern) => new RegExp(pattern, 'u'))
    return (name) => names.has(name) || patterns.some((pattern) => pattern.test(name))
  }
}

function inTurn(steps: readonly (Strip | undefined)[]): Strip | undefined {
  const strips = steps.filter((strip) => strip !== undefined)
  return strips.length < 2 ? strips[0] : (data) => strips.reduce((stripped, strip) => strip(stripped), data)
}

function pointerOf(target: unknown, node: unknown, pointer = '', seen = new Set<unknown>()): string | undefined {
  if (node === target) return pointer
  if (typeof node !== 'object' || node === null || seen.has(node)) return undefined
  seen.add(node)
  for (const [key, inner] of Object.entries(node)) {
    const found = pointerOf(target, inner, `${pointer}/${escaped(key)}`, seen)
    if (found !== undefined) return found
  }
  return undefined
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
