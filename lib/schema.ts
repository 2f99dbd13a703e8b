// Schema: what data must look like. A JSON Schema (TypeBox's are), or any Standard Schema (zod, valibot, arktype); the only file that knows ajv.
import type { FromSchema, JSONSchema as LiteralSchema } from 'json-schema-to-ts'

/** A JSON Schema, draft 2020-12. */
export type JSONSchema = boolean | { readonly [keyword: string]: unknown }

/** Any validator that speaks the Standard Schema interface, version 1: zod, valibot, arktype and others. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a Standard Schema says of a value. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }[] }

/** Whatever may stand where a schema goes. */
export type Schema = JSONSchema | StandardSchema

/** The type of the data that a schema lets through. */
export type Infer<S> =
  S extends StandardSchema<never, infer Output> ? Output : S extends { static: infer Static } ? Static : S extends LiteralSchema ? FromSchema<S> : unknown
