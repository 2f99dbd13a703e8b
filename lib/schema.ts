// Schema: what data must look like. A JSON Schema (TypeBox's are), or any Standard Schema (zod, valibot, arktype); the only file that knows ajv.
import { Ajv2020, type ErrorObject, type FuncKeywordDefinition, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FromSchema, JSONSchema as LiteralSchema } from 'json-schema-to-ts'
import { type Fault, faultsOfErrors, faultsOfIssues, type StandardIssue } from './fault.js'
import { rounded } from './round.js'
import { twins } from './unique.js'

export type { Fault, StandardIssue }

/** A JSON Schema, draft 2020-12. */
export type JSONSchema = boolean | JSONSchemaObject

/** The keywords of a JSON Schema. Others may stand beside them. */
export interface JSONSchemaObject {
  readonly $schema?: string
  readonly $id?: string
  readonly $anchor?: string
  readonly $ref?: string
  readonly $defs?: object
  readonly $comment?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: object
  readonly required?: readonly string[]
  readonly additionalProperties?: unknown
  readonly patternProperties?: object
  readonly propertyNames?: unknown
  readonly unevaluatedProperties?: unknown
  readonly dependentRequired?: object
  readonly dependentSchemas?: object
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly items?: unknown
  readonly prefixItems?: readonly unknown[]
  readonly contains?: unknown
  readonly unevaluatedItems?: unknown
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly anyOf?: readonly unknown[]
  readonly oneOf?: readonly unknown[]
  readonly allOf?: readonly unknown[]
  readonly not?: unknown
  readonly if?: unknown
  readonly then?: unknown
  readonly else?: unknown
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly deprecated?: boolean
  readonly readOnly?: boolean
  readonly writeOnly?: boolean
  /** TypeBox's mark. */
  readonly '~kind'?: string
}

/** Any validator that speaks the Standard Schema interface, version 1: zod, valibot, arktype and others. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly jsonSchema?:
      | { readonly input: (options: { target: 'draft-2020-12' }) => object; readonly output: (options: { target: 'draft-2020-12' }) => object }
      | undefined
  }
}

/** What a Standard Schema says of a value. */
export type StandardResult<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] }

/** Whatever may stand where a schema goes. */
export type Schema = JSONSchema | StandardSchema

/** Keeps the literal type of a schema that is held in a variable, so that {@link Infer} can read it. @example const contact = schema({ type: 'object', properties: { name: { type: 'string' } } }) */
export const schema = <const S extends JSONSchema>(literal: S): S => literal

/** The type of the data that a schema lets through. */
export type Infer<S> = S extends { readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined } }
  ? Output
  : S extends { readonly '~kind': string }
    ? InferKind<S>
    : S extends LiteralSchema
      ? FromSchema<S>
      : unknown

// TypeBox says in types what it says in keywords, with a kind to each.
type InferKind<S> = S extends { '~kind': 'Object'; properties: infer P }
  ? { [K in keyof P as P[K] extends { '~optional': true } ? never : K]: InferKind<P[K]> } & {
      [K in keyof P as P[K] extends { '~optional': true } ? K : never]?: InferKind<P[K]>
    } extends infer O
    ? { [K in keyof O]: O[K] }
    : never
  : S extends { '~kind': 'Array'; items: infer Item }
    ? InferKind<Item>[]
    : S extends { '~kind': 'String' | 'TemplateLiteral' }
      ? string
      : S extends { '~kind': 'Number' | 'Integer' }
        ? number
        : S extends { '~kind': 'Boolean' }
          ? boolean
          : S extends { '~kind': 'Null' }
            ? null
            : S extends { '~kind': 'Literal'; const: infer Value }
              ? Value
              : S extends { '~kind': 'Enum'; enum: readonly (infer Value)[] }
                ? Value
                : S extends { '~kind': 'Union'; anyOf: readonly (infer Member)[] }
                  ? InferKind<Member>
                  : S extends { '~kind': 'Record'; patternProperties: Record<string, infer Value> }
                    ? Record<string, InferKind<Value>>
                    : unknown

/** True for zod and its like. */
export function isStandard(schema: unknown): schema is StandardSchema {
  return (
    (typeof schema === 'object' || typeof schema === 'function') &&
    schema !== null &&
    typeof (schema as Partial<StandardSchema>)['~standard']?.validate === 'function'
  )
}

/** The JSON Schema of a schema, where it has or can give one. `side` matters where a Standard Schema changes data. */
export function jsonSchemaOf(schema: Schema, side: 'input' | 'output'): JSONSchema | undefined {
  if (!isStandard(schema)) return schema
  try {
    const { $schema: _, ...rest } = (schema['~standard'].jsonSchema?.[side]({ target: 'draft-2020-12' }) ?? {}) as Record<string, unknown>
    return Object.keys(rest).length > 0 ? rest : undefined
  } catch {
    // Some of what such a schema can say has no JSON Schema: then there is none.
    return undefined
  }
}

/** What a check came to: the data, with defaults filled in and changed where the schema changes data, or its faults. */
export type Verdict = { readonly data: unknown; readonly faults?: undefined } | { readonly faults: readonly Fault[] }

/** Checks data against one schema. A promise only where the schema is one of those that answer with one. */
export type Check = (data: unknown) => Verdict | Promise<Verdict>

/** The ajv options of every schema. Data is never coerced here, and nothing is taken away from it. */
export const ajvOptions = {
  strict: false,
  strictNumbers: true,
  allErrors: true,
  useDefaults: true,
  validateFormats: true,
  ownProperties: true,
  logger: false,
} as const

// One for each schema, so that the names in one never meet those of another. Schemas are held against the meta-schema by one for all, which is what takes time.
function ajvFor(schema: JSONSchema, side: 'input' | 'output'): Ajv2020 {
  const meta = JSON.stringify(schema).includes('"https://json-schema.org/draft/2020-12/')
  // What a handler gave is the handler's own: a check of it fills nothing in.
  const ajv = new Ajv2020({ ...ajvOptions, meta, validateSchema: false, useDefaults: side === 'input' })
  return withFormats(ajv).removeKeyword('uniqueItems').addKeyword(uniqueItems) as Ajv2020
}

let metaAjv: Ajv2020 | undefined

function holdAgainstMeta(schema: JSONSchema): void {
  metaAjv ??= withFormats(new Ajv2020(ajvOptions))
  metaAjv.validateSchema(schema, true)
}

// The pattern for this one takes time that grows with the square of the text: a minute for a body of ordinary size.
const longestUrl = 8000
const url = formats.default.get('url') as RegExp

function withFormats(ajv: Ajv2020): Ajv2020 {
  formats.default(ajv as never)
  return ajv.addFormat('url', (text) => text.length <= longestUrl && url.test(text)) as Ajv2020
}

const areUnique: FuncKeywordDefinition['validate'] & { errors?: Partial<ErrorObject>[] } = (wanted: boolean, list: unknown[]) => {
  const found = wanted ? twins(list) : undefined
  if (found)
    areUnique.errors = [{ keyword: 'uniqueItems', params: {}, message: `must NOT have duplicate items (items ${found[1]} and ${found[0]} are identical)` }]
  return found === undefined
}

// Ajv's own compares each item with each other, and goes on doing so in a list that `maxItems` has refused: seconds for a body of ordinary size.
const uniqueItems: FuncKeywordDefinition = { keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', errors: true, validate: areUnique }

/**
 * Compiles a schema, once, when a resource is made.
 * @param where how messages call the place of the schema
 * @example compile({ type: 'integer' }, 'here')('x') // { faults: [{ pointer: '', code: 'type', detail: 'must be integer' }] }
 * @param side whether the data is a client's, with defaults to be filled in, or our own, which stays as it is
 * @throws TypeError when the schema is none
 */
export function compile(schema: Schema, where: string, side: 'input' | 'output' = 'input'): Check {
  if (isStandard(schema)) return compileStandard(schema)
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null || Array.isArray(schema))) {
    throw new TypeError(`${where}: a JSON Schema or a Standard Schema is needed.`)
  }
  return build(where, () => {
    holdAgainstMeta(schema)
    return checkOf(ajvFor(schema, side).compile(schema))
  })
}

/**
 * Compiles parts of a schema of our own data, which may refer to the whole.
 * @param pointers JSON Pointers from the root of the schema
 */
export function compileParts(root: JSONSchemaObject, pointers: readonly string[], where: string): Check[] {
  return build(where, () => {
    const { $id = 'trestle:root' } = root
    const ajv = ajvFor(root, 'output').addSchema({ ...root, $id })
    return pointers.map((pointer) => checkOf(ajv.compile({ $ref: `${$id}#${pointer.split('/').map(encodeURIComponent).join('/')}` })))
  })
}

function build<Built>(where: string, make: () => Built): Built {
  try {
    return make()
  } catch (error) {
    if (error instanceof EvalError) {
      throw new TypeError(
        `${where}: a JSON Schema is compiled to code, and this process does not allow that (--disallow-code-generation-from-strings). Use a Standard Schema such as zod's here.`,
        { cause: error },
      )
    }
    throw new TypeError(`${where}: the schema is broken: ${(error as Error).message}.`, { cause: error })
  }
}

function checkOf(validate: ValidateFunction): Check {
  if ('$async' in validate && validate.$async) throw new Error("'$async' is not taken; checks that wait are the business of a Standard Schema")
  return (data) => {
    if (validate(data)) return { data }
    const { errors } = validate
    // Rare, and only ever the fault of a schema that says number: numbers that no double holds.
    const round = rounded(data)
    if (round && validate(round.data)) return { data: round.restore() }
    return { faults: faultsOfErrors(errors ?? []) }
  }
}

function compileStandard(schema: StandardSchema): Check {
  const { validate } = schema['~standard']
  const verdict = (result: StandardResult<unknown>): Verdict => (result.issues ? { faults: faultsOfIssues(result.issues) } : { data: result.value })
  return (data) => {
    const result = validate(data)
    return result instanceof Promise ? result.then(verdict) : verdict(result)
  }
}
