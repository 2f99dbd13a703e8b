// Spot: one path of a resource's table, its routes by method, and what is said where there is none.
import type { RequestHandler } from 'express'
import type { Resolved, Stop } from './definition.js'
import { Filter } from './filter.js'
import { Negotiation } from './filters/negotiate.js'
import { json } from './mappers/json.js'
import { mappers } from './mappers.js'
import { Route } from './route.js'

/** A path of the table: its routes by method, and what is said where there is none. */
export class Spot {
  readonly routes: Record<string, Route> = Object.create(null)
  readonly allow: readonly string[]
  /** What OPTIONS answers with: the methods, and what their bodies may be. */
  readonly told: Readonly<Record<string, string>>
  readonly middleware: readonly RequestHandler[]
  readonly negotiation: Negotiation
  readonly options: Resolved
  /** What `req.route` shows to loggers and meters. */
  readonly route: { path: string; methods: Record<string, boolean> }

  constructor({ path, options, lines }: Stop, name: string | undefined, base: string, formats: Formats) {
    for (const line of lines) this.routes[line.verb.toUpperCase()] = new Route(line, name, base, formats.of(line.options))
    if (this.routes.GET && !this.routes.HEAD) this.routes.HEAD = this.routes.GET
    this.allow = [...new Set([...Object.keys(this.routes), 'OPTIONS'])].sort()
    this.told = Object.assign({ Allow: this.allow.join(', ') }, ...Object.values(this.routes).map(({ told }) => told))
    this.middleware = options.use.filter((entry): entry is RequestHandler => !(entry instanceof Filter))
    this.negotiation = formats.of(options)
    this.options = options
    this.route = { path: base + (path === '/' && base ? '' : path), methods: Object.fromEntries(lines.map(({ verb }) => [verb, true])) }
  }

  /** Whether a suffix of the path chooses a format here. */
  takesSuffix(method: string, word: string): boolean {
    const route = this.routes[method]
    return (route ? route.suffix : (this.options.suffix ?? true)) && (route?.negotiation ?? this.negotiation).named(word) !== undefined
  }
}

/** The formats of endpoints with the same mappers are the same, and so is what they remember. */
export class Formats {
  readonly #made: { options: Resolved; negotiation: Negotiation }[] = []

  of(options: Resolved): Negotiation {
    const made = this.#made.find(
      ({ options: other }) => other.mappers === options.mappers && other.mapper === options.mapper && other.defaultMapper === options.defaultMapper,
    )
    if (made) return made.negotiation
    const { mapper, defaultMapper } = options
    const negotiation = new Negotiation({ mappers: options.mappers ?? mappers, mapper, defaultMapper, fallback: json })
    this.#made.push({ options, negotiation })
    return negotiation
  }
}
