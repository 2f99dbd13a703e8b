// Representation: data ↔ object. What a thing looks like on the wire, what it is called and made into in memory, and back.
import type { Context } from './context.js'
import { type Infer, isStandard, type JSONSchema, jsonSchemaOf, type Schema } from './schema.js'

/** How one field is made and written. */
export interface FieldOptions {
  /** From the wire into memory. */
  create?: (value: never, ctx: Context) => unknown
  /** From memory to the wire. */
  serialize?: (value: never, ctx: Context) => unknown
}

/** What a representation does beside checking. */
export interface RepresentationOptions<Wire = never> {
  /** In-memory names by wire names. The wire never shows them. */
  alias?: Readonly<Record<string, string>>
  /** Makes the object of data that has been checked, and whose fields are made and renamed. May be asynchronous. */
  create?: (data: Wire, ctx: Context) => unknown
  /** Makes data of an object, before its fields are renamed and written. */
  serialize?: (object: never, ctx: Context) => unknown
  /** Single fields, by wire name. */
  fields?: Readonly<Record<string, FieldOptions>>
  /** Values that count as missing on the way out: such a field is left out where it is optional, and `null` where it is required. @default [undefined, null] */
  missing?: readonly unknown[]
}

declare const made: unique symbol

/** Data ↔ object, made by {@link representation}. */
export class Representation<Made = unknown, Wire = unknown> {
  readonly schema: Schema
  readonly options: RepresentationOptions
  /** Only for the compiler. */
  declare readonly [made]?: [Made, Wire]

  constructor(schema: Schema, options: RepresentationOptions) {
    this.schema = schema
    this.options = options
  }
}

type Renamed<T, A> = { [Key in keyof T as Key extends keyof A ? (A[Key] extends string ? A[Key] : Key) : Key]: T[Key] }

/** The type of the object that a representation makes of its data. */
export type MadeBy<R> = R extends Representation<infer Made, unknown> ? Made : never

type HasReference<S> = S extends { properties: infer P }
  ? true extends { [Key in keyof P]: P[Key] extends { $ref: Representation } | { items: { $ref: Representation } } ? true : false }[keyof P]
    ? true
    : false
  : false

// json-schema-to-ts cannot look through a reference to a representation, so the members that hold one are read by hand.
type WireOf<S> =
  HasReference<S> extends true
    ? S extends { properties: infer P; required?: infer Names }
      ? Together<
          { [Key in keyof P as Key extends Listed<Names> ? Key : never]: Member<P[Key]> } & {
            [Key in keyof P as Key extends Listed<Names> ? never : Key]?: Member<P[Key]>
          }
        >
      : unknown
    : Infer<S>
type Together<T> = { -readonly [Key in keyof T]: T[Key] }
type Listed<Names> = Names extends readonly (infer Name)[] ? Name : never
type Member<S> = S extends { $ref: Representation<infer Made, unknown> }
  ? Made
  : S extends { items: { $ref: Representation<infer Made, unknown> } }
    ? Made[]
    : Infer<S>

/** A JSON Schema in which `$ref` may also be another representation, as it is or as a function that gives it (for circles). */
export type RepresentationSchema = Schema | { readonly properties: Readonly<Record<string, unknown>>; readonly [keyword: string]: unknown }

/**
 * Joins a schema with the way to and from the object behind it.
 *
 * @param schema how the thing looks on the wire. A field that is another thing is `{ $ref: other }`, a list of them `{ type: 'array', items: { $ref: other } }`
 * @example
 * const user = representation(
 *   { type: 'object', properties: { emailAddress: { type: 'string', format: 'email' }, joined: { type: 'string', format: 'date' } }, required: ['emailAddress'], additionalProperties: false },
 *   { alias: { emailAddress: 'email' }, create: (data) => new User(data), fields: { joined: { create: (text: string) => new Date(text), serialize: (date: Date) => date.toISOString().slice(0, 10) } } },
 * )
 * @throws TypeError with a sentence that names the option that is wrong
 */
export function representation<
  const S extends RepresentationSchema,
  const A extends Readonly<Record<string, string>> = Record<never, never>,
  Made = Renamed<WireOf<S>, A>,
>(
  schema: S,
  options: Omit<RepresentationOptions, 'alias' | 'create'> & { alias?: A; create?: (data: Renamed<WireOf<S>, A>, ctx: Context) => Made } = {},
): Representation<Awaited<Made>, WireOf<S>> {
  if (!isStandard(schema) && (typeof schema !== 'object' || schema === null))
    throw new TypeError('representation(): a schema is needed, such as { type: "object", properties: … }.')
  const { alias = {}, fields = {} } = options
  const known = propertiesOf(schema as Schema)
  for (const name of [...Object.keys(alias), ...Object.keys(fields)]) {
    if (known && !Object.hasOwn(known, name))
      throw new TypeError(`representation(): '${name}' in ${name in alias ? 'alias' : 'fields'} is no property of the schema.`)
  }
  const names = Object.keys(known ?? {}).map((name) => alias[name as keyof typeof alias] ?? name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new TypeError(`representation(): alias gives the name '${twice}' to two properties.`)
  return new Representation(schema as Schema, options as RepresentationOptions)
}

type Node = Record<string, unknown>

function propertiesOf(schema: Schema): Node | undefined {
  const json = isStandard(schema) ? jsonSchemaOf(schema, 'output') : schema
  return typeof json === 'object' && json !== null ? ((json as Node).properties as Node | undefined) : undefined
}

/** What a representation is asked for: a whole thing, a new one, a change of one, or one to show. */
export type Use = 'post' | 'put' | 'patch' | 'read'

/**
 * The JSON Schema of a representation for one use, with the schemas of other representations put in place of their references.
 * A thing to be shown has no `writeOnly` members. In one that comes in, `readOnly` members are not required; POST and PATCH refuse them,
 * PUT takes and drops them, because it sends back what GET gave. PATCH requires nothing.
 */
export function schemaFor(representation: Representation, use: Use): Schema {
  const { schema } = representation
  if (isStandard(schema)) return schema
  const definitions: Node = {}
  const names = new Map<Representation, string>()
  const refer = (other: Representation): string => {
    let name = names.get(other)
    if (name === undefined) {
      // The name is there before the schema is written, so that a circle ends here.
      name = `representation${names.size + 1}`
      names.set(other, name)
      definitions[name] = isStandard(other.schema) ? (jsonSchemaOf(other.schema, use === 'read' ? 'output' : 'input') ?? {}) : rewrite(other.schema, use, refer)
    }
    return `#/$defs/${name}`
  }
  const whole = rewrite(schema, use, refer) as Node
  return (names.size === 0 ? whole : { ...whole, $defs: { ...(whole.$defs as Node | undefined), ...definitions } }) as JSONSchema
}

function rewrite(node: unknown, use: Use, refer: (other: Representation) => string): unknown {
  if (Array.isArray(node)) return node.map((inner) => rewrite(inner, use, refer))
  if (typeof node !== 'object' || node === null) return node
  const { $ref, properties, required, ...rest } = node as Node
  const other = referredBy($ref)
  if (other) return { ...rest, $ref: refer(other) }
  const out: Node = $ref === undefined ? {} : { $ref }
  for (const [keyword, value] of Object.entries(rest)) out[keyword] = literal.has(keyword) ? value : rewrite(value, use, refer)
  if (properties === undefined) return required === undefined || use === 'patch' ? out : { ...out, required }
  const kept: Node = {}
  for (const [name, inner] of Object.entries(properties as Node)) {
    const { readOnly, writeOnly } = (inner ?? {}) as Node
    if (use === 'read' && writeOnly === true) continue
    kept[name] = readOnly === true && (use === 'post' || use === 'patch') ? false : readOnly === true && use === 'put' ? true : rewrite(inner, use, refer)
  }
  out.properties = kept
  if (Array.isArray(required) && use !== 'patch') {
    const names = required.filter((name) => {
      const { readOnly, writeOnly } = ((properties as Node)[name] ?? {}) as Node
      return use === 'read' ? writeOnly !== true : readOnly !== true
    })
    if (names.length > 0) out.required = names
  }
  return out
}

// Keywords whose value is data, not a schema.
const literal = new Set(['enum', 'const', 'default', 'examples', 'example'])

function referredBy($ref: unknown): Representation | undefined {
  const other = typeof $ref === 'function' ? ($ref as () => unknown)() : $ref
  return other instanceof Representation ? other : undefined
}

/** One member of a thing: its two names, and what stands in it. */
interface Member_ {
  readonly wire: string
  readonly memory: string
  readonly required: boolean
  readonly nullable: boolean
  readonly readOnly: boolean
  readonly writeOnly: boolean
  readonly inner: (() => Plan) | undefined
  readonly list: boolean
  readonly field: FieldOptions | undefined
}

/** How data becomes an object and back, worked out once. */
export interface Plan {
  /** Data that has been checked → object. A promise only where `create` gives one. */
  readonly toObject: (data: unknown, ctx: Context) => unknown
  /** Object → data, not checked yet; a list is taken item by item. */
  readonly toData: (object: unknown, ctx: Context) => unknown
}

const plans = new WeakMap<Representation, Plan>()

/** The plan of a representation; made once. */
export function planOf(representation: Representation): Plan {
  let plan = plans.get(representation)
  if (!plan) {
    plan = makePlan(representation)
    plans.set(representation, plan)
  }
  return plan
}

function makePlan({ schema, options }: Representation): Plan {
  const { alias = {}, create, serialize, fields = {}, missing = [undefined, null] } = options
  const json = (isStandard(schema) ? (jsonSchemaOf(schema, 'output') ?? {}) : schema) as Node
  const each = referredBy((json.items as Node | undefined)?.$ref)
  if (each) {
    // A list of things is read and written thing by thing.
    const { toObject, toData } = planOf(each)
    return {
      toObject: (data, ctx) => {
        const objects = (data as unknown[]).map((item) => toObject(item, ctx))
        return create ? create(objects as never, ctx) : objects
      },
      toData: (object, ctx) => toData(serialize ? serialize(object as never, ctx) : object, ctx),
    }
  }
  const required = new Set((json.required as string[] | undefined) ?? [])
  const members = Object.entries((json.properties ?? {}) as Node).map(([wire, node]): Member_ => {
    const { $ref, type, items, readOnly, writeOnly, anyOf } = (typeof node === 'object' && node !== null ? node : {}) as Node
    const own = $ref !== undefined && (typeof $ref === 'function' || $ref instanceof Representation) ? $ref : undefined
    const each = (items as Node | undefined)?.$ref
    const ofList = each !== undefined && (typeof each === 'function' || each instanceof Representation) ? each : undefined
    const target = own ?? ofList
    return {
      wire,
      memory: alias[wire] ?? wire,
      required: required.has(wire),
      nullable:
        type === 'null' || (Array.isArray(type) && type.includes('null')) || (Array.isArray(anyOf) && anyOf.some((branch) => (branch as Node).type === 'null')),
      readOnly: readOnly === true,
      writeOnly: writeOnly === true,
      inner: target === undefined ? undefined : () => planOf(referredBy(target) as Representation),
      list: ofList !== undefined,
      field: fields[wire],
    }
  })
  const open = json.additionalProperties !== undefined && json.additionalProperties !== false
  const byWire = new Map(members.map((member) => [member.wire, member]))

  const toObject = (data: unknown, ctx: Context): unknown => {
    if (typeof data !== 'object' || data === null || Array.isArray(data) || members.length === 0) return create ? create(data as never, ctx) : data
    const object: Node = {}
    for (const [wire, value] of Object.entries(data as Node)) {
      const member = byWire.get(wire)
      if (member?.readOnly) continue
      object[member?.memory ?? wire] = member ? fieldToObject(member, value, ctx) : value
    }
    return create ? create(object as never, ctx) : object
  }

  const toData = (object: unknown, ctx: Context): unknown => {
    if (Array.isArray(object)) return object.map((item) => toData(item, ctx))
    const source = serialize ? serialize(object as never, ctx) : object
    if (typeof source !== 'object' || source === null || members.length === 0) return source
    const data: Node = {}
    for (const member of members) {
      if (member.writeOnly) continue
      const value = fieldToData(member, (source as Node)[member.memory], ctx)
      if (!missing.includes(value) || (value === null && member.nullable)) data[member.wire] = value
      else if (member.required) data[member.wire] = null
    }
    if (open) {
      const memories = new Set(members.map(({ memory }) => memory))
      for (const [name, value] of Object.entries(source as Node)) if (!memories.has(name) && !byWire.has(name)) data[name] = value
    }
    return data
  }
  return { toObject, toData }
}

function fieldToObject({ inner, list, field }: Member_, value: unknown, ctx: Context): unknown {
  const made = inner && value !== null ? (list ? (value as unknown[]).map((item) => inner().toObject(item, ctx)) : inner().toObject(value, ctx)) : value
  return field?.create ? field.create(made as never, ctx) : made
}

function fieldToData({ inner, field }: Member_, value: unknown, ctx: Context): unknown {
  if (value === undefined) return undefined
  const written = field?.serialize ? field.serialize(value as never, ctx) : value
  return inner && written !== null ? inner().toData(written, ctx) : written
}
