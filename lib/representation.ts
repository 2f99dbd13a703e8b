// Representation: data ↔ object. What a thing looks like on the wire, what it is called and made into in memory, and back.
import type { Context } from './context.js'
import { type Infer, isStandard, jsonSchemaOf, type Schema } from './schema.js'

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
export class Representation<Made = unknown, Wire = unknown, Shown = unknown> {
  readonly schema: Schema
  readonly options: RepresentationOptions
  /** Only for the compiler. */
  declare readonly [made]?: [Made, Wire, Shown]

  constructor(schema: Schema, options: RepresentationOptions) {
    this.schema = schema
    this.options = options
  }
}

type Renamed<T, A> = { [Key in keyof T as Key extends keyof A ? (A[Key] extends string ? A[Key] : Key) : Key]: T[Key] }

type Aliases = Readonly<Record<string, string>>
type Plain = Omit<RepresentationOptions, 'alias' | 'create' | 'serialize'>

/** The type of the object that a representation makes of its data. */
export type MadeBy<R> = R extends Representation<infer Made, unknown, unknown> ? Made : never

/** The type of the object that a representation shows. */
export type ShownBy<R> = R extends Representation<unknown, unknown, infer Shown> ? Shown : never

// json-schema-to-ts cannot look through a reference to a representation, so what holds one, at any depth, is read by hand.
type WireOf<S> =
  Holds<S> extends true
    ? S extends { $ref: Representation<infer Inner, unknown, unknown> }
      ? Inner
      : S extends { items: infer Item }
        ? WireOf<Item>[]
        : S extends { properties: infer P; required?: infer Names }
          ? Together<
              { [Key in keyof P as Key extends Listed<Names> ? Key : never]: WireOf<P[Key]> } & {
                [Key in keyof P as Key extends Listed<Names> ? never : Key]?: WireOf<P[Key]>
              }
            >
          : unknown
    : Infer<S>
type Holds<S> = S extends { $ref: Representation | (() => unknown) }
  ? true
  : S extends { items: infer Item }
    ? Holds<Item>
    : S extends { properties: infer P }
      ? true extends { [Key in keyof P]: Holds<P[Key]> }[keyof P]
        ? true
        : false
      : false
type Together<T> = { -readonly [Key in keyof T]: T[Key] }
type Listed<Names> = Names extends readonly (infer Name)[] ? Name : never

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
export function representation<const S extends RepresentationSchema, const A extends Aliases = Record<never, never>>(
  schema: S,
  options?: Plain & { alias?: A; create?: never; serialize?: never },
): Representation<Renamed<WireOf<S>, A>, WireOf<S>, Renamed<WireOf<S>, A>>
export function representation<const S extends RepresentationSchema, Shown, const A extends Aliases = Record<never, never>>(
  schema: S,
  options: Plain & { alias?: A; create?: never; serialize: (object: Shown, ctx: Context) => unknown },
): Representation<Renamed<WireOf<S>, A>, WireOf<S>, Shown>
export function representation<const S extends RepresentationSchema, Made, const A extends Aliases = Record<never, never>>(
  schema: S,
  options: Plain & { alias?: A; create: (data: Renamed<WireOf<S>, A>, ctx: Context) => Made; serialize?: RepresentationOptions['serialize'] },
): Representation<Awaited<Made>, WireOf<S>, Awaited<Made>>
export function representation(schema: RepresentationSchema, given: object = {}): Representation<never, never, never> {
  if (!isStandard(schema) && (typeof schema !== 'object' || schema === null || Array.isArray(schema)))
    throw new TypeError('representation(): a schema is needed, such as { type: "object", properties: … }.')
  checkOptions(given)
  const options = given as RepresentationOptions
  const { alias = {}, fields = {} } = options
  const known = propertiesOf(schema as Schema)
  for (const name of [...Object.keys(alias), ...Object.keys(fields)]) {
    if (known && !Object.hasOwn(known, name))
      throw new TypeError(`representation(): '${name}' in '${Object.hasOwn(alias, name) ? 'alias' : 'fields'}' is no property of the schema.`)
  }
  const names = known ? Object.keys(known).map((name) => alias[name] ?? name) : Object.values(alias)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new TypeError(`representation(): alias gives the name '${twice}' to two properties.`)
  return new Representation<never, never, never>(schema as Schema, options)
}

const optionNames = new Set(['alias', 'create', 'serialize', 'fields', 'missing'])

function checkOptions(options: object): void {
  const wrong = (name: string, needs: string): never => {
    throw new TypeError(`representation(): '${name}' needs ${needs}.`)
  }
  if (!isPlain(options)) throw new TypeError('representation(): the options are an object.')
  for (const name of Object.keys(options)) if (!optionNames.has(name)) throw new TypeError(`representation(): '${name}' is no option.`)
  const { alias, create, serialize, fields, missing } = options
  const names = isPlain(alias) ? Object.values(alias) : []
  if (alias !== undefined && (!isPlain(alias) || names.some((name) => typeof name !== 'string' || name === '' || name === '__proto__')))
    wrong('alias', 'an object of names in memory by names on the wire')
  for (const [name, value] of Object.entries({ create, serialize })) if (value !== undefined && typeof value !== 'function') wrong(name, 'a function')
  if (missing !== undefined && !Array.isArray(missing)) wrong('missing', 'a list of values')
  if (fields !== undefined && !isPlain(fields)) wrong('fields', 'an object of fields by names on the wire')
  for (const [name, field] of Object.entries(fields ?? {})) {
    const ways = isPlain(field) ? Object.entries(field) : []
    if (!isPlain(field) || ways.some(([way, value]) => (way !== 'create' && way !== 'serialize') || (value !== undefined && typeof value !== 'function')))
      wrong(`fields.${name}`, 'an object of create, serialize or both')
  }
}

function isPlain(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type Node = Record<string, unknown>

function propertiesOf(schema: Schema): Node | undefined {
  const json = isStandard(schema) ? jsonSchemaOf(schema, 'output') : schema
  return typeof json === 'object' && json !== null ? ((json as Node).properties as Node | undefined) : undefined
}
