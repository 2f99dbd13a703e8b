// Negotiate: which mapper will answer, chosen before anything is done (RFC 9110 section 12).
// The order: the endpoint's own mapper, ?format=, the suffix of the path, Accept, the default mapper, the first mapper.
import accepts from 'accepts'
import type { Mapper } from '../mapper.js'
import { notAcceptable } from '../problem.js'

/** A mapper and the Content-Type that it answers with. */
export interface Format {
  readonly mapper: Mapper
  readonly contentType: string
}

/** What a request will be answered with: data in one format, a problem in one that has a type for problems. */
export interface Choice extends Format {
  readonly problem: Format
  /** False where the client had no say, because there is only one way to answer: then there is no `Vary`. */
  readonly negotiated: boolean
}

/** The options that decide what can be chosen. */
export interface NegotiateOptions {
  /** The mappers to choose from, the first is the default. */
  mappers: readonly Mapper[]
  /** The only mapper; ends the search. */
  mapper?: Mapper | undefined
  /** Taken where the client does not mind. */
  defaultMapper?: Mapper | undefined
  /** Writes problems for mappers that have no way to. */
  fallback: Mapper
}

const remembered = 200
const longestRemembered = 256

/** The formats of an endpoint. Made once with the resource; remembers what an Accept header came to, within bounds. */
export class Negotiation {
  readonly #formats: Format[]
  readonly #fallback: Format
  readonly #fixed: Choice | undefined
  readonly #default: Choice
  readonly #hasHtml: boolean
  readonly #memory = new Map<string, Choice | null>()

  constructor({ mappers, mapper, defaultMapper, fallback }: NegotiateOptions) {
    const writers = [...(defaultMapper ? [defaultMapper] : []), ...mappers.filter((other) => other !== defaultMapper)].filter(
      (other) => other.format ?? other.formatRows,
    )
    this.#formats = writers.flatMap((writer) => writer.types.map((type) => ({ mapper: writer, contentType: withCharset(type, writer) })))
    this.#hasHtml = this.#formats.some(({ contentType }) => contentType.startsWith('text/html'))
    this.#fallback = problemFormat(fallback) as Format
    // An own mapper that only reads says nothing of what is written.
    this.#fixed = mapper &&
      (mapper.format ?? mapper.formatRows) && { ...this.#choice({ mapper, contentType: withCharset(mapper.types[0] as string, mapper) }), negotiated: false }
    const first = this.#formats[0] ?? { mapper: fallback, contentType: withCharset(fallback.types[0] as string, fallback) }
    this.#default = this.#choice(first)
  }

  /** Where no mapper stands in the way of the client's wish, what it comes to; 406 otherwise. @throws Problem 406 */
  choose(format: string | undefined, accept: string | undefined): Choice {
    if (this.#fixed) return this.#fixed
    if (format !== undefined) return this.named(format) ?? this.#refuse(`There is no format ${JSON.stringify(format)} here.`)
    return this.#byAccept(accept) ?? this.#refuse('None of the formats here is acceptable to the client.')
  }

  /** The choice that a mapper's name or a media type stands for, as `?format=` and the suffix of a path give it. */
  named(word: string): Choice | undefined {
    const lower = word.toLowerCase()
    const format = this.#formats.find(({ mapper, contentType }) => mapper.name === word || essence(contentType) === lower)
    return format && this.#choice(format)
  }

  /** The format of a problem where no format has been chosen: what an answer would have come in, or a problem's own type that the client names, or JSON. */
  forProblem(format: string | undefined, accept: string | undefined): Choice {
    if (this.#fixed) return this.#fixed
    const choice = (format !== undefined && this.named(format)) || this.#byAccept(accept)
    if (choice) return choice
    const problems = this.#formats.map(({ mapper }) => problemFormat(mapper)).filter((problem) => problem !== undefined)
    const type = best(
      accept as string,
      problems.map(({ contentType }) => contentType),
    )
    const problem = problems.find(({ contentType }) => contentType === type) ?? this.#fallback
    return { ...problem, problem, negotiated: true }
  }

  #byAccept(accept: string | undefined): Choice | undefined {
    if (accept === undefined || accept === '*/*') return this.#default
    const known = this.#memory.get(accept)
    if (known !== undefined) return known ?? undefined
    const choice = this.#accepted(accept)
    if (accept.length <= longestRemembered) {
      if (this.#memory.size >= remembered) this.#memory.clear()
      this.#memory.set(accept, choice ?? null)
    }
    return choice
  }

  #accepted(accept: string): Choice | undefined {
    // A browser asks for pages, then for XML. Where no page can be had, that is no wish for XML: it gets the default.
    if (!this.#hasHtml && accept.includes('text/html') && accept.includes('*/*')) {
      const wish = best(accept, ['text/html', ...this.#formats.map(({ contentType }) => contentType)])
      if (wish === 'text/html') return best(accept, [this.#default.contentType]) === undefined ? undefined : this.#default
    }
    // A client that names the charset means the same type, so each type is offered with and without it.
    const types = this.#formats.flatMap(({ contentType }) => (contentType.includes(';') ? [plain(contentType), contentType] : [contentType]))
    const type = best(accept, types)
    const format = type === undefined ? undefined : this.#formats.find(({ contentType }) => contentType === type || plain(contentType) === type)
    return format && this.#choice(format)
  }

  #choice(format: Format): Choice {
    return { ...format, problem: problemFormat(format.mapper) ?? this.#fallback, negotiated: true }
  }

  #refuse(detail: string): never {
    const types = [...new Set(this.#formats.map(({ contentType }) => plain(contentType)))]
    throw notAcceptable(detail, { members: { acceptable: types } })
  }
}

function best(accept: string, types: string[]): string | undefined {
  const type = accepts({ headers: { accept } } as Parameters<typeof accepts>[0]).types(types)
  return typeof type === 'string' ? type : undefined
}

function withCharset(type: string, { charset = 'utf-8' }: Mapper): string {
  return charset === false ? type : `${type}; charset=${charset}`
}

function problemFormat(mapper: Mapper): Format | undefined {
  return mapper.problemType === undefined ? undefined : { mapper, contentType: withCharset(mapper.problemType, mapper) }
}

// The type as the mapper wrote it, with parameters of its own but without the charset that we added.
function plain(contentType: string): string {
  const end = contentType.lastIndexOf('; charset=')
  return end < 0 ? contentType : contentType.slice(0, end)
}

function essence(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}
