// Endpoint: one verb of one path, and what a definition of many looks like; the types that a handler's arguments are inferred from.
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Context } from './context.js'
import type { Only, Use } from './filter.js'
import type { Mapper } from './mapper.js'
import type { ErrorRule } from './problem.js'
import type { Reply } from './reply.js'
import type { MadeBy, Representation, ShownBy } from './representation.js'
import type { Infer, JSONSchema, Schema } from './schema.js'
import type { Output } from './shape.js'
import type { Query } from './url.js'

/** The verbs of a definition. HEAD follows from `get` and OPTIONS from all of them, unless they are written out. */
export const verbs = ['get', 'head', 'post', 'put', 'patch', 'delete', 'query', 'options'] as const

/** One of {@link verbs}. */
export type Verb = (typeof verbs)[number]

/** Options that may stand at any level: api, resource, path, endpoint. The inner level wins; `use` adds up. */
export interface Options {
  /** Filters and plain Express middleware, the first outermost; `only([...])` drops what was inherited. */
  use?: readonly Use[] | Only
  /** The formats to choose from, the first is the default. @default json, text, xml, form */
  mappers?: readonly Mapper[]
  /** The only format, whatever the client says. */
  mapper?: Mapper
  /** The format where the client does not mind, and of a body without Content-Type. @default the first of `mappers` */
  defaultMapper?: Mapper
  /** Whether `/contacts/1.json` chooses a format. Switch it off where ids end so. @default true */
  suffix?: boolean
  /** What the thing looks like: for bodies in and out, where an endpoint does not say otherwise. A bare schema is taken as one. */
  representation?: Representation | Schema
  /** How strictly answers are held to their schema: checked and stripped, stripped only, or neither. @default 'check' */
  output?: Output
  /** The most bytes of a body, inflated. @default 1048576 */
  bodyLimit?: number
  /** Whether GET answers carry an ETag and may be 304. @default Express's `etag` setting */
  etag?: boolean | 'weak' | 'strong'
  /** Classes of errors, and the problem that each becomes; inner levels first. */
  errors?: readonly ErrorRule[]
  /** The permission that the endpoint asks for, where it is not `resource_<name>_<verb>`. */
  permission?: string
  /** One line for documents and lists. */
  summary?: string
  /** A paragraph for documents; CommonMark. */
  description?: string
  /** Groups for documents. */
  tags?: readonly string[]
  /** Still there, not for new clients. */
  deprecated?: boolean
  /** Anything of the application's own that its filters want to read. */
  meta?: Record<string, unknown>
}

/** The options of a whole resource. */
export interface ResourceOptions extends Options {
  /** Where the resource stands, aliases after it. @default the name, or where Express mounts an unnamed one */
  path?: string | readonly string[]
  /** `/contacts` and `/contacts/` are two paths. @default false */
  strict?: boolean
  /** `/Contacts` and `/contacts` are two paths. @default false, as in Express */
  caseSensitive?: boolean
}

/** The schemas of what comes in. */
export interface RequestParts {
  params?: Schema | Representation
  query?: Schema | Representation
  headers?: Schema | Representation
  /** A schema, or `'raw'` for a Buffer, or `'stream'` for a Readable; these two are read whatever the Content-Type. */
  body?: Schema | Representation | 'raw' | 'stream'
}

/** What goes out. */
export interface ResponseParts {
  /** A schema or representation of what is answered at any 2xx, or one for each status: `{ 200: contact, 202: job }`. */
  body?: Schema | Representation | Readonly<Record<number, Schema | Representation>>
  /** A JSON Schema of the header fields, an object; its defaults are filled in. */
  headers?: JSONSchema | Representation
}

/** Whatever a handler may return: data, a {@link Reply}, a stream, nothing; or a promise of it. */
export type Handler<C = Context> = (ctx: C) => unknown

type Made<S> = S extends Representation ? MadeBy<S> : Infer<S>
type Part<R, Name extends string, Default> = R extends Record<Name, infer S> ? Made<S> : Default
type BodyOf<R> = R extends { body: 'raw' } ? Buffer : R extends { body: 'stream' } ? Readable : R extends { body: infer S } ? Made<S> : unknown

/** The context that an endpoint's handler gets, from the endpoint's `request` and the parameters of its path. */
export type ContextOf<R, Params> = Context<Part<R, 'params', Params>, Part<R, 'query', Query>, Part<R, 'headers', IncomingHttpHeaders>, BodyOf<R>>

type Answer<S> = S extends Representation ? ShownBy<S> : Infer<S>
type Answers<B> = B extends Schema | Representation
  ? Answer<B>
  : B extends Readonly<Record<number, unknown>>
    ? { [Status in keyof B]: Answer<B[Status]> }[keyof B]
    : unknown
type Ready = Reply<undefined> | AsyncIterable<unknown> | undefined | void

/** What a handler may give where the endpoint says what it answers: that, a {@link Reply} of it, a stream of it, or nothing. */
export type ResultOf<S> = S extends { body: infer B } ? (unknown extends Answers<B> ? unknown : Wide<Answers<B>> | Promise<Wide<Answers<B>>>) : unknown
type Wide<A> = Memory<A> | Reply<Memory<A>> | Ready
// A date in memory is a text on the wire, and so are big numbers.
type Memory<T> = T extends string
  ? T | (string extends T ? Date | { toJSON(): string } : never)
  : T extends number
    ? T | (number extends T ? bigint : never)
    : T extends readonly unknown[]
      ? { [I in keyof T]: Memory<T[I]> }
      : T extends object
        ? { [Key in keyof T]: Memory<T[Key]> }
        : T

/** One verb of one path, with options of its own. */
export interface Endpoint<Params = never> extends Options {
  readonly request?: RequestParts
  readonly response?: ResponseParts
  readonly handler: Handler<never>
  /** Only for the compiler: the parameters that the handler expects of its path. */
  readonly [expects]?: (params: Params) => void
}

declare const expects: unique symbol

/**
 * Writes an endpoint so that its handler knows the types of its request.
 *
 * @example
 * '/:id': { put: endpoint({ request: { body: contact }, handler: ({ params, body }) => save(params.id, body) }) }
 */
export function endpoint<
  const R extends RequestParts = Record<never, never>,
  const S extends ResponseParts = Record<never, never>,
  Params = Record<string, string>,
>(definition: Options & { request?: R; response?: S; handler: (ctx: ContextOf<R, Params>) => ResultOf<S> }): Endpoint<Params> {
  return definition as Endpoint<Params>
}

type Letter = 'a'|'b'|'c'|'d'|'e'|'f'|'g'|'h'|'i'|'j'|'k'|'l'|'m'|'n'|'o'|'p'|'q'|'r'|'s'|'t'|'u'|'v'|'w'|'x'|'y'|'z'|'_'|'$'|'0'|'1'|'2'|'3'|'4'|'5'|'6'|'7'|'8'|'9' // biome-ignore format: one line is enough
type Word<Text extends string, Name extends string = ''> = Text extends `${infer First}${infer Rest}`
  ? Lowercase<First> extends Letter
    ? Word<Rest, `${Name}${First}`>
    : Name
  : Name
type Flat<T> = { [Key in keyof T]: T[Key] }
type NamesIn<Path extends string> = (Path extends `${string}:${infer Rest}` ? Record<Word<Rest>, string> & NamesIn<Rest> : unknown) &
  (Path extends `${string}*${infer Rest}` ? (Path extends `${string}:${string}*${string}` ? unknown : Record<Word<Rest>, string[]>) : unknown)

/** The parameters that a path has: `/:id/photos/*rest` gives `{ id: string; rest: string[] }`, a group in braces is optional. */
export type ParamsOf<Path extends string> = string extends Path
  ? Record<string, string>
  : Path extends `${infer Before}{${infer Group}}${infer After}`
    ? Flat<ParamsOf<Before> & Partial<ParamsOf<Group>> & ParamsOf<After>>
    : Flat<NamesIn<Path>>

/** The verbs of one path. */
export type Verbs<Params = Record<string, string>> = { [V in Verb]?: Handler<Context<Params>> | Endpoint<Params> }

/** One path: its options and its verbs. */
export type PathDefinition<Params = Record<string, string>> = Options & Verbs<Params>

/** A whole resource in one object: options, the verbs of its root, and paths, which start with `/`. */
export type Definition = ResourceOptions & Verbs<Record<string, string>> & { [path: `/${string}`]: PathDefinition<never> }

/** {@link Definition}, with the parameters of each path known from its text. */
export type Typed<D> = {
  [Key in keyof D]: Key extends `/${infer Path}`
    ? Omit<PathDefinition<ParamsOf<`/${Path}`>>, 'use'> & UseOf<D[Key]> & { [Name in Exclude<keyof D[Key], keyof PathDefinition>]: never }
    : Key extends 'use'
      ? UseOf<D>[Key]
      : Key extends keyof (ResourceOptions & Verbs)
        ? (ResourceOptions & Verbs)[Key]
        : never
}
// A list that fits is left as it was written: to the compiler, `[...filters, one]` is not the same list once it is also something else.
type UseOf<D> = { use?: D extends { use: NonNullable<Options['use']> } ? unknown : Options['use'] }
