// The front door of express-trestle: its public names, grouped.

// Resources
export { resource, type Resource, type ResourceFacts } from './resource.js'
export {
  endpoint,
  type ContextOf,
  type Definition,
  type Endpoint,
  type Handler,
  type Options,
  type ParamsOf,
  type PathDefinition,
  type RequestParts,
  type ResourceOptions,
  type ResponseParts,
  type ResultOf,
  type Typed,
  type Verb,
  type Verbs,
} from './endpoint.js'
export type { Line, Resolved, Stop } from './definition.js'
export { mix, type Mixed } from './mix.js'
export { Context, type Place, type User } from './context.js'
export { createServer, type TrestleServer, type TrestleServerOptions } from './server.js'

// Answers
export { accepted, created, noContent, Reply, reply, seeOther, type LocationOptions, type ReplyOptions } from './reply.js'
export {
  badRequest,
  conflict,
  contentTooLarge,
  forbidden,
  gone,
  internalError,
  mapError,
  methodNotAllowed,
  notAcceptable,
  notFound,
  notImplemented,
  preconditionFailed,
  preconditionRequired,
  Problem,
  serviceUnavailable,
  tooManyRequests,
  unauthorized,
  unprocessableContent,
  unsupportedMediaType,
  type ErrorRule,
  type Headers,
  type ProblemOptions,
} from './problem.js'
export { problems, type ProblemsOptions } from './problems.js'

// Rings around handlers
export { after, Filter, filter, Only, only, type Apply, type FilterDescription, type FilterOptions, type Next, type Use } from './filter.js'

// Who may do what, and how often
export { authenticate, type AuthenticateOptions } from './filters/authenticate.js'
export { authorize, type Rule } from './filters/authorize.js'
export { throttle, type ThrottleOptions } from './filters/throttle.js'
export type { CounterStore } from './counter.js'
export { middleware } from './middleware.js'
export { hashPassword, passwordCheck, safeEqual, verifyPassword, type HashOptions, type PasswordCheckOptions } from './password.js'
export { grants, permissionNames, type Granted, type GrantsOptions, type PermissionVerb, type Permissions, type UserFlags } from './permission.js'
export { Refusal, refused, type Found, type RefusalOptions, type Scheme, type Verdict } from './scheme.js'
export { apikey, type ApikeyOptions } from './schemes/apikey.js'
export { basic, type BasicCheck, type BasicOptions } from './schemes/basic.js'
export { bearer, type BearerOptions, type BearerVerify } from './schemes/bearer.js'
export { session, type SessionFind, type SessionOptions } from './schemes/session.js'

// Collections
export { crud, type Around, type CrudDefinition, type CrudOptions } from './crud.js'
export type { CollectionOptions, CrudEvent, EnvelopeOf, Operation } from './collection.js'
export type { FieldRules, Rules } from './rules.js'
export { memory, type MemoryOptions, type MemoryRelation } from './stores/memory.js'
export type {
  Counting,
  CursorPage,
  Include,
  Key,
  OffsetPage,
  Page,
  Relation,
  Row,
  Selection,
  Store,
  StoreOptions,
  StoreQuery,
  Target,
  WriteOptions,
} from './store.js'
export { allOf, seek, type Condition, type Edge, type Operator, type Sort, type Where } from './where.js'
export { fieldOf, type Field, type Kind, type ObjectSchema, type Scalar } from './value.js'
export type { Meta, PageOptions } from './page.js'
export type { QueryLimits } from './query.js'
export { uniqueTogether, type Clash, type Validator } from './clash.js'
export { operatorsOf } from './askable.js'

// Formats
export type { Charset, Encoded, FormatContext, Mapper, ParseContext } from './mapper.js'
export { mappers } from './mappers.js'
export { bytes } from './mappers/bytes.js'
export { csv, csvWith, type CsvOptions } from './mappers/csv.js'
export { form, formWith, type FormOptions } from './mappers/form.js'
export { html } from './mappers/html.js'
export { json, jsonWith, type JsonOptions } from './mappers/json.js'
export { multipart, multipartWith, type MultipartOptions } from './mappers/multipart.js'
export { toFile, toMemory, toStream, UploadedFile, type FileStore, type FileTarget } from './upload.js'
export { ndjson, ndjsonWith, type NdjsonOptions } from './mappers/ndjson.js'
export { text } from './mappers/text.js'
export { xml, xmlWith, type XmlOptions } from './mappers/xml.js'
export { Decimal } from './decimal.js'

// Schemas and representations
export {
  schema,
  type Fault,
  type Infer,
  type JSONSchema,
  type JSONSchemaObject,
  type Schema,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
} from './schema.js'
export {
  Representation,
  representation,
  type FieldOptions,
  type MadeBy,
  type RepresentationOptions,
  type RepresentationSchema,
  type ShownBy,
} from './representation.js'
export { AnswerError, type Output } from './shape.js'
export type { Query } from './url.js'
