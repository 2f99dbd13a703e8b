// Schema: what a Sequelize model says of its rows, in JSON Schema. Closed: columns that look like secrets are left out unless they are named.
import type { Model, ModelStatic } from 'sequelize'
import type { ObjectSchema } from '../value.js'
import type { Dialect } from './dialect.js'

/** Which attributes of a model are shown, and which may be written. */
export interface SchemaOptions {
  /** These and no others; the key is always there. @default all but secrets, binary columns and what the default scope excludes */
  only?: readonly string[]
  /** None of these. */
  exclude?: readonly string[]
  /** These too, although they look like secrets or are binary. */
  reveal?: readonly string[]
  /** Foreign keys that may be written; the others are read-only, so that a row is not moved to another owner by accident. */
  writable?: readonly string[]
}

/** An attribute as Sequelize keeps it. */
export interface Attribute {
  readonly fieldName: string
  readonly field?: string
  readonly type: DataType
  readonly allowNull?: boolean
  readonly primaryKey?: boolean
  readonly autoIncrement?: boolean
  readonly defaultValue?: unknown
  readonly references?: unknown
  readonly comment?: string
  readonly validate?: Readonly<Record<string, unknown>>
  readonly get?: unknown
  readonly set?: unknown
}

interface DataType {
  readonly key: string
  readonly values?: readonly string[]
  /** What an array holds. */
  readonly type?: DataType
  /** What a virtual attribute gives, and the attributes that it is made of. */
  readonly returnType?: DataType
  readonly fields?: readonly string[]
  readonly _length?: number | ''
  readonly _unsigned?: boolean
  readonly options?: { readonly precision?: number; readonly scale?: number }
}

/** Sequelize's own, where its types say less than it keeps. */
export interface ModelFacts {
  readonly rawAttributes: Readonly<Record<string, Attribute>>
  readonly _scope: { readonly where?: object; readonly include?: unknown; readonly attributes?: readonly unknown[] | { readonly exclude?: readonly string[] } }
  readonly _timestampAttributes: { readonly createdAt?: string; readonly updatedAt?: string; readonly deletedAt?: string }
  readonly _versionAttribute?: string
  readonly primaryKeys: Readonly<Record<string, unknown>>
  readonly uniqueKeys: Readonly<Record<string, { readonly fields: readonly string[] }>>
  readonly _indexes: readonly { readonly name: string; readonly fields: readonly (string | { readonly name: string })[] }[]
}

/** A Sequelize model of any kind. */
export type AnyModel = ModelStatic<Model>

/** {@link ModelFacts} of a model. */
export const factsOf = (model: AnyModel): ModelFacts => model as unknown as ModelFacts

/**
 * The JSON Schema of a model's rows: types, lengths, ranges, lists of choices, defaults and validators, as far as JSON Schema can say them.
 * 64-bit integers and decimals are texts of digits, binary columns base64. What the database or Sequelize sets is `readOnly`: generated keys,
 * timestamps, the version, and foreign keys.
 *
 * @example schemaOf(Book, { exclude: ['margin'] })
 * @throws TypeError where an option names an attribute that the model does not have
 */
export function schemaOf(model: AnyModel, options: SchemaOptions = {}): ObjectSchema {
  const { rawAttributes, _timestampAttributes: stamps, _versionAttribute: version } = factsOf(model)
  const dialect = model.sequelize?.getDialect() as Dialect
  const { only, reveal = [], writable = [] } = options
  const kept = Object.values(rawAttributes).filter((attribute) => isShown(model, attribute, options))
  const kinds = kept.flatMap((attribute) => {
    const member = memberOf(attribute, dialect)
    if (!member && (only ?? reveal).includes(attribute.fieldName))
      throw new TypeError(`schemaOf(): '${attribute.fieldName}' of ${model.name} has the type ${attribute.type.key}, which has no JSON Schema.`)
    return member ? [{ attribute, member }] : []
  })
  const setBySequelize = new Set([...Object.values(stamps), version])
  const isReadOnly = ({ fieldName, primaryKey, autoIncrement, defaultValue, references, type, set }: Attribute): boolean =>
    autoIncrement === true ||
    setBySequelize.has(fieldName) ||
    (primaryKey === true && defaultValue !== undefined) ||
    (references !== undefined && primaryKey !== true && !writable.includes(fieldName)) ||
    (type.key === 'VIRTUAL' && set === undefined)
  const needed = kinds.filter(
    ({ attribute }) =>
      attribute.type.key !== 'VIRTUAL' &&
      !isReadOnly(attribute) &&
      (attribute.allowNull === false || attribute.primaryKey === true) &&
      attribute.defaultValue === undefined,
  )
  return {
    type: 'object',
    properties: Object.fromEntries(
      kinds.map(({ attribute, member }) => [attribute.fieldName, isReadOnly(attribute) ? { ...withoutDefault(member), readOnly: true } : member]),
    ),
    required: needed.map(({ attribute }) => attribute.fieldName),
    additionalProperties: false,
  }
}

const secret = /passw(or)?d|passphrase|hash|token|secret|salt|api_?key|private_?key|credential|(^|_)otp(_|$)|(^|_)pin(_|$)/i

function isShown(
  model: AnyModel,
  { fieldName: name, type, primaryKey, get, set }: Attribute,
  { only, exclude = [], reveal = [], writable = [] }: SchemaOptions,
): boolean {
  const { rawAttributes, _scope, _timestampAttributes, _versionAttribute } = factsOf(model)
  const missing = [...(only ?? []), ...exclude, ...reveal, ...writable].find((one) => !Object.hasOwn(rawAttributes, one))
  if (missing !== undefined) throw new TypeError(`schemaOf(): ${model.name} has no attribute '${missing}'.`)
  if (primaryKey || name === _versionAttribute) return true
  if (exclude.includes(name)) return false
  if (only) return only.includes(name)
  if (reveal.includes(name)) return true
  const scoped = _scope.attributes
  if (Array.isArray(scoped) ? !scoped.includes(name) : (scoped as { exclude?: readonly string[] } | undefined)?.exclude?.includes(name)) return false
  const empty = type.key === 'VIRTUAL' && get === undefined && set === undefined
  return !secret.test(name) && type.key !== 'BLOB' && name !== _timestampAttributes.deletedAt && !empty
}

function withoutDefault({ default: _, ...member }: Member): Member {
  return member
}

type Member = Record<string, unknown>

/** The schema of one attribute; `undefined` for types that no JSON stands for. */
export function memberOf(
  { type, allowNull, primaryKey, autoIncrement, defaultValue, validate = {}, comment, get, set }: Attribute,
  dialect: Dialect,
): Member | undefined {
  if (type.key === 'VIRTUAL') {
    const member = (type.returnType && typeOf(type.returnType, dialect)) ?? {}
    return { ...(get === undefined ? member : nullable(member)), ...(set !== undefined && get === undefined && { writeOnly: true }) }
  }
  const member = typeOf(type, dialect)
  if (!member) return undefined
  const whole = { ...member, ...validations(validate, member), ...(comment !== undefined && { description: comment }) }
  const mayBeNull = allowNull !== false && primaryKey !== true && autoIncrement !== true
  return { ...(mayBeNull ? nullable(whole) : whole), ...(isPlain(defaultValue) && { default: defaultValue }) }
}

function nullable(member: Member): Member {
  if (member.type === undefined) return member
  return { ...member, type: [member.type, 'null'], ...(Array.isArray(member.enum) && { enum: [...member.enum, null] }) }
}

// Functions, NOW, UUIDV4 and SQL are left to Sequelize.
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain)
  if (typeof value === 'object' && value !== null) return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain)
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

const integer = (bits: number, dialect: Dialect, unsigned: boolean | undefined): Member => {
  const signedOnly = dialect === 'postgres' ? bits - 1 : bits
  return { type: 'integer', minimum: unsigned ? 0 : -(2 ** (bits - 1)), maximum: unsigned ? 2 ** signedOnly - 1 : 2 ** (bits - 1) - 1 }
}

const text = (more: Member = {}): Member => ({ type: 'string', ...more })

const types: Record<string, (type: DataType, dialect: Dialect) => Member | undefined> = {
  STRING: ({ _length }) => text({ maxLength: _length || 255 }),
  CHAR: ({ _length }) => text({ maxLength: _length || 255 }),
  TEXT: () => text(),
  CITEXT: () => text(),
  TINYINT: ({ _unsigned }, dialect) => integer(8, dialect, _unsigned),
  SMALLINT: ({ _unsigned }, dialect) => integer(16, dialect, _unsigned),
  MEDIUMINT: ({ _unsigned }, dialect) => integer(24, dialect, _unsigned),
  INTEGER: ({ _unsigned }, dialect) => integer(32, dialect, _unsigned),
  BIGINT: () => text({ format: 'int64', pattern: '^-?\\d{1,19}$' }),
  FLOAT: () => ({ type: 'number' }),
  REAL: () => ({ type: 'number' }),
  'DOUBLE PRECISION': () => ({ type: 'number' }),
  DECIMAL({ options: { precision, scale = 0 } = {} }) {
    if (precision === undefined) return text({ format: 'decimal', pattern: '^-?\\d+(\\.\\d+)?$' })
    const whole = Math.max(precision - scale, 1)
    return text({ format: 'decimal', pattern: `^-?\\d{1,${whole}}${scale > 0 ? `(\\.\\d{1,${scale}})?` : ''}$` })
  },
  BOOLEAN: () => ({ type: 'boolean' }),
  DATE: () => text({ format: 'date-time' }),
  DATEONLY: () => text({ format: 'date' }),
  TIME: () => text({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?$' }),
  UUID: () => text({ format: 'uuid' }),
  ENUM: ({ values = [] }) => text({ enum: [...values] }),
  JSON: () => ({}),
  JSONB: () => ({}),
  HSTORE: () => ({ type: 'object', additionalProperties: { type: ['string', 'null'] } }),
  ARRAY({ type }, dialect) {
    const items = type && typeOf(type, dialect)
    return items && { type: 'array', items }
  },
  INET: () => text(),
  CIDR: () => text(),
  MACADDR: () => text({ pattern: '^([\\da-fA-F]{2}:){5}[\\da-fA-F]{2}$' }),
  BLOB: () => text({ contentEncoding: 'base64' }),
}

const typeOf = (type: DataType, dialect: Dialect): Member | undefined => types[type.key]?.(type, dialect)

// Sequelize runs its validators in any case; what JSON Schema can say is told beforehand and all at once.
function validations(validate: Readonly<Record<string, unknown>>, { type, format, enum: list }: Member): Member {
  const found: Member = {}
  const patterns: string[] = []
  const isText = type === 'string' && format === undefined && list === undefined
  for (const [name, option] of Object.entries(validate)) {
    const given = isPlainObject(option) && 'args' in option ? option.args : option
    const [first, second] = (Array.isArray(given) ? given : [given]) as unknown[]
    if (given === false) continue
    if (name === 'min' && (type === 'integer' || type === 'number') && typeof first === 'number') found.minimum = first
    else if (name === 'max' && (type === 'integer' || type === 'number') && typeof first === 'number') found.maximum = first
    else if (!isText) continue
    else if (name === 'isIn') found.enum = Array.isArray(first) ? first : given
    else if (name === 'len') Object.assign(found, { minLength: first, ...(typeof second === 'number' && { maxLength: second }) })
    else if (name in formats) found.format = formats[name]
    else if (name in shapes) patterns.push(shapes[name] as string)
    else if (name === 'is') patterns.push(...sourceOf(first, second))
  }
  const [only] = patterns
  if (patterns.length === 1) found.pattern = only
  else if (patterns.length > 1) found.allOf = patterns.map((pattern) => ({ pattern }))
  return found
}

const formats: Record<string, string> = { isEmail: 'email', isIPv4: 'ipv4', isIPv6: 'ipv6', isUUID: 'uuid' }
const shapes: Record<string, string> = { notEmpty: '\\S', isAlpha: '^[A-Za-z]+$', isAlphanumeric: '^[0-9A-Za-z]+$', isNumeric: '^[+-]?\\d*(\\.\\d+)?$' }

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegExp)

// JSON Schema has no flags, and reads patterns as Unicode ones.
function sourceOf(expression: unknown, flags: unknown): string[] {
  const { source, flags: own } = expression instanceof RegExp ? expression : { source: String(expression), flags: typeof flags === 'string' ? flags : '' }
  if (own.replace('u', '') !== '') return []
  try {
    return [new RegExp(source, 'u').source]
  } catch {
    return []
  }
}
