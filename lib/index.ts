// The front door of express-trestle: its public names, grouped.

export { Context, type Place, type User } from './context.js'
export {
  type ContextOf,
  type Definition,
  type Endpoint,
  endpoint,
  type Handler,
  type Line,
  type Mixed,
  mix,
  type Options,
  type ParamsOf,
  type PathDefinition,
  type RequestParts,
  type Resolved,
  type ResourceOptions,
  type Verb,
  type Verbs,
} from './endpoint.js'
// rings
export { type Apply, Filter, filter, type Next, Only, only, type Use } from './filter.js'
// formats
export type { Charset, Encoded, FormatContext, Mapper, ParseContext } from './mapper.js'
export { form } from './mappers/form.js'
export { type JsonOptions, json, jsonWith } from './mappers/json.js'
export { text } from './mappers/text.js'
export { xml } from './mappers/xml.js'
export {
  badRequest,
  conflict,
  contentTooLarge,
  type ErrorRule,
  forbidden,
  gone,
  type Headers,
  internalError,
  mapError,
  methodNotAllowed,
  notAcceptable,
  notFound,
  notImplemented,
  Problem,
  type ProblemOptions,
  preconditionFailed,
  preconditionRequired,
  serviceUnavailable,
  tooManyRequests,
  unauthorized,
  unprocessableContent,
  unsupportedMediaType,
} from './problem.js'
export { type ProblemsOptions, problems } from './problems.js'
// answers
export { accepted, created, type LocationOptions, noContent, Reply, type ReplyOptions, reply, seeOther } from './reply.js'
// resources
export { mappers, type Resource, type ResourceFacts, resource } from './resource.js'
// schemas
export type { Infer, JSONSchema, Schema, StandardResult, StandardSchema } from './schema.js'
export { createServer, type TrestleServer, type TrestleServerOptions } from './server.js'
export type { Query } from './url.js'
