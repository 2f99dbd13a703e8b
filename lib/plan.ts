// Plan: how data becomes an object and an object becomes data. Worked out once for each representation.
import type { Context } from './context.js'
import { put } from './member.js'
import type { FieldOptions, Representation } from './representation.js'
import { isStandard, jsonSchemaOf } from './schema.js'
import { referredBy } from './usage.js'

/** How data becomes an object and back. */
export interface Plan {
  /** Data that has been checked → object. A promise only where a `create` gives one. */
  readonly toObject: (data: unknown, ctx: Context) => unknown
  /** Object → data, not checked yet; a list is taken item by item. */
  readonly toData: (object: unknown, ctx: Context) => unknown
}

const plans = new WeakMap<Representation, Plan>()

/** The plan of a representation; made once. @example planOf(account).toObject({ emailAddress: 'ann@example.org' }, ctx) */
export function planOf(representation: Representation): Plan {
  let plan = plans.get(representation)
  if (!plan) {
    plan = makePlan(representation)
    plans.set(representation, plan)
  }
  return plan
}

type Node = Record<string, unknown>

function makePlan({ schema, options }: Representation): Plan {
  const { alias = {}, create, serialize, fields = {} } = options
  const json = ((isStandard(schema) ? jsonSchemaOf(schema, 'output') : schema) ?? {}) as Node
  const named = new Set([...Object.keys((json.properties ?? {}) as Node), ...Object.keys(alias), ...Object.keys(fields)])
  const inside = named.size > 0 ? new Thing(json, [...named], options) : (planOfNode(json) ?? asItIs)
  if (!create && !serialize) return inside
  return {
    toObject: (data, ctx) => (create ? then(inside.toObject(data, ctx), (object) => create(object as never, ctx)) : inside.toObject(data, ctx)),
    toData: (object, ctx) => {
      if (!serialize) return inside.toData(object, ctx)
      if (Array.isArray(object) && json.type !== 'array') return object.map((item) => inside.toData(written(serialize(item as never, ctx)), ctx))
      return inside.toData(written(serialize(object as never, ctx)), ctx)
    },
  }
}

const asItIs: Plan = { toObject: (data) => data, toData: (object) => object }

// Plans of what stands inside a schema: other representations, wherever they are. Nothing, where there are none.
function planOfNode(node: unknown): Plan | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  const { $ref, properties, items, anyOf, oneOf } = node as Node
  // A representation is asked for its plan when it is needed: it may stand in a circle.
  if (typeof $ref === 'function' || referredBy($ref)) {
    const plan = (): Plan => planOf(referredBy($ref) as Representation)
    return { toObject: (data, ctx) => plan().toObject(data, ctx), toData: (object, ctx) => plan().toData(object, ctx) }
  }
  const each = planOfNode(items)
  if (each) return listPlan(each)
  const branches = [...((anyOf ?? []) as unknown[]), ...((oneOf ?? []) as unknown[])].map(planOfNode).filter((plan) => plan !== undefined)
  if (branches.length > 1) throw new TypeError('representation(): of several branches, only one can be another representation.')
  if (branches[0]) return branches[0]
  const inner = Object.entries((properties ?? {}) as Node).flatMap(([name, member]): [string, Plan][] => {
    const plan = planOfNode(member)
    return plan ? [[name, plan]] : []
  })
  return inner.length > 0 ? membersPlan(inner) : undefined
}

function listPlan(each: Plan): Plan {
  return {
    toObject: (data, ctx) => (Array.isArray(data) ? allReady(data.map((item) => each.toObject(item, ctx))) : data),
    // One row of a list that goes out row by row is an item.
    toData: (object, ctx) => (Array.isArray(object) ? object.map((item) => each.toData(item, ctx)) : each.toData(object, ctx)),
  }
}

function membersPlan(inner: readonly [string, Plan][]): Plan {
  return {
    toObject: (data, ctx) => {
      if (!isObject(data)) return data
      const object: Node = { ...data }
      const given = inner.filter(([name]) => object[name] !== undefined && object[name] !== null)
      const made = allReady(given.map(([name, plan]) => plan.toObject(object[name], ctx)))
      return then(made, (values) => Object.assign(object, Object.fromEntries(given.map(([name], index) => [name, (values as unknown[])[index]]))))
    },
    toData: (object, ctx) => {
      if (!isObject(object)) return object
      const data: Node = { ...object }
      for (const [name, plan] of inner) if (data[name] !== undefined && data[name] !== null) data[name] = plan.toData(data[name], ctx)
      return data
    },
  }
}

/** One member of a thing: its two names, and what stands in it. */
interface Member {
  readonly wire: string
  readonly memory: string
  readonly required: boolean
  readonly nullable: boolean
  readonly readOnly: boolean
  readonly writeOnly: boolean
  readonly inner: Plan | undefined
  readonly field: FieldOptions | undefined
}

/** The plan of an object with members of its own. */
class Thing implements Plan {
  readonly #members: readonly Member[]
  readonly #byWire: ReadonlyMap<string, Member>
  readonly #memories: ReadonlySet<string>
  readonly #missing: readonly unknown[]
  /** Whether members that the schema does not name are shown. They are only where it says so. */
  readonly #open: boolean

  constructor(json: Node, names: readonly string[], { alias = {}, fields = {}, missing = [undefined, null] }: Representation['options']) {
    const required = new Set(Array.isArray(json.required) ? json.required : [])
    const properties = (json.properties ?? {}) as Node
    this.#members = names.map((wire) => {
      const node = (Object.hasOwn(properties, wire) ? properties[wire] : {}) as Node
      return {
        wire,
        memory: Object.hasOwn(alias, wire) ? (alias[wire] as string) : wire,
        required: required.has(wire),
        nullable: takesNull(node),
        readOnly: node?.readOnly === true,
        writeOnly: node?.writeOnly === true,
        inner: planOfNode(node),
        field: Object.hasOwn(fields, wire) ? fields[wire] : undefined,
      }
    })
    this.#byWire = new Map(this.#members.map((member) => [member.wire, member]))
    this.#memories = new Set(this.#members.map(({ memory }) => memory))
    this.#missing = missing
    this.#open = json.properties === undefined || (json.additionalProperties !== undefined && json.additionalProperties !== false)
  }

  toObject(data: unknown, ctx: Context): unknown {
    if (!isObject(data)) return data
    const object: Node = {}
    let waiting: Promise<unknown>[] | undefined
    try {
      for (const wire of Object.keys(data)) {
        const member = this.#byWire.get(wire)
        if (member?.readOnly) continue
        // What nobody named must not pass for a member that has this name in memory.
        if (!member && this.#memories.has(wire)) continue
        const memory = member ? member.memory : wire
        const made = member ? fieldToObject(member, data[wire], ctx) : data[wire]
        put(object, memory, made)
        if (made instanceof Promise) (waiting ??= []).push(made.then((value) => put(object, memory, value)))
      }
    } catch (error) {
      for (const promise of waiting ?? []) promise.catch(() => {})
      throw error
    }
    return waiting ? Promise.all(waiting).then(() => object) : object
  }

  toData(object: unknown, ctx: Context): unknown {
    if (Array.isArray(object)) return object.map((item) => this.toData(item, ctx))
    if (typeof object !== 'object' || object === null) return object
    const data: Node = {}
    for (const member of this.#members) {
      if (member.writeOnly) continue
      const value = fieldToData(member, (object as Node)[member.memory], ctx)
      if (!this.#missing.includes(value) || (value === null && member.nullable)) put(data, member.wire, value)
      else if (member.required) put(data, member.wire, null)
    }
    if (!this.#open) return data
    for (const name of Object.keys(object)) if (!this.#memories.has(name) && !this.#byWire.has(name)) put(data, name, (object as Node)[name])
    return data
  }
}

function takesNull(node: unknown): boolean {
  if (!isObject(node)) return false
  const { type, anyOf, oneOf, enum: values, const: value, nullable } = node
  if (type === 'null' || (Array.isArray(type) && type.includes('null')) || value === null || nullable === true) return true
  return (Array.isArray(values) && values.includes(null)) || [anyOf, oneOf].some((branches) => Array.isArray(branches) && branches.some(takesNull))
}

function fieldToObject({ inner, field }: Member, value: unknown, ctx: Context): unknown {
  const made = inner && value !== null ? inner.toObject(value, ctx) : value
  const create = field?.create
  return create ? then(made, (ready) => create(ready as never, ctx)) : made
}

function fieldToData({ inner, field }: Member, value: unknown, ctx: Context): unknown {
  if (value === undefined) return undefined
  const out = field?.serialize ? written(field.serialize(value as never, ctx)) : value
  return inner && out !== null && out !== undefined ? inner.toData(out, ctx) : out
}

// An answer is written while the handler's work is still in one piece; what has to be waited for is the handler's business.
function written(value: unknown): unknown {
  if (value instanceof Promise) {
    value.catch(() => {})
    throw new TypeError('A serialize of a representation gave a promise; have everything ready in the handler.')
  }
  return value
}

function then(value: unknown, go: (value: unknown) => unknown): unknown {
  return value instanceof Promise ? value.then(go) : go(value)
}

function allReady(values: readonly unknown[]): unknown {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : values
}

function isObject(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
