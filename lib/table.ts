// Table: path → what stands there. Paths without parameters are found in a map, the others by path-to-regexp, Express's own grammar.
import { pathToRegexp } from 'path-to-regexp'
import { decode } from './url.js'

/** What {@link Table.find} found: the value, and the parameters of the path, percent-decoded. */
export interface Match<Value> {
  readonly value: Value
  readonly params: Record<string, string | string[]>
}

/** How paths are compared. */
export interface TableOptions {
  /** `/a` and `/a/` are two paths. @default false */
  strict?: boolean | undefined
  /** `/A` and `/a` are two paths. @default false */
  caseSensitive?: boolean | undefined
}

interface Pattern<Value> {
  readonly regexp: RegExp
  readonly keys: readonly { name: string; type: string }[]
  readonly value: Value
}

/** The paths of one resource. */
export class Table<Value> {
  readonly #fixed = new Map<string, Match<Value>>()
  readonly #patterns: Pattern<Value>[] = []
  readonly #strict: boolean
  readonly #caseSensitive: boolean

  constructor({ strict = false, caseSensitive = false }: TableOptions) {
    this.#strict = strict
    this.#caseSensitive = caseSensitive
  }

  /** @throws TypeError where the path is not one, or is there already */
  add(path: string, value: Value): void {
    if (/[:*{}()[\]+?!\\]/.test(path)) {
      const { regexp, keys } = pathToRegexp(path, { sensitive: this.#caseSensitive, trailing: false })
      this.#patterns.push({ regexp, keys, value })
      return
    }
    const key = this.#key(path === '/' ? '/' : path)
    if (this.#fixed.has(key)) throw new TypeError(`the path '${path}' stands here twice.`)
    this.#fixed.set(key, { value, params: none })
  }

  /** A path without parameters. */
  findFixed(path: string): Match<Value> | undefined {
    return this.#fixed.get(path) ?? this.#fixed.get(this.#key(path))
  }

  /** A path with parameters; the first that matches. @throws Problem 400 for a broken percent-encoding */
  findPattern(path: string): Match<Value> | undefined {
    const trimmed = this.#strict ? path : trim(path)
    for (const { regexp, keys, value } of this.#patterns) {
      const found = regexp.exec(trimmed)
      if (!found) continue
      const params: Record<string, string | string[]> = {}
      for (let index = 0; index < keys.length; index++) {
        const text = found[index + 1]
        const key = keys[index] as { name: string; type: string }
        if (text !== undefined) params[key.name] = key.type === 'wildcard' ? text.split('/').map(decode) : decode(text)
      }
      return { value, params }
    }
    return undefined
  }

  #key(path: string): string {
    const trimmed = this.#strict ? path : trim(path)
    return this.#caseSensitive ? trimmed : trimmed.toLowerCase()
  }
}

const none: Record<string, string> = Object.freeze(Object.create(null))

function trim(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
