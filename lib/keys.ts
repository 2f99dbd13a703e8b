// Keys: how a path spells the key of a row (/books/7, /seats/7,12), and several of them (/books/1;3;15).
import type { Context } from './context.js'
import { badRequest, notFound } from './problem.js'
import type { Key, Row, Store } from './store.js'
import { decode } from './url.js'
import { fieldOf, readValue, type Scalar } from './value.js'
import type { Where } from './where.js'

/** Reads and writes the keys of one store. */
export class Keys {
  readonly #store: Store
  readonly #most: number

  /** @param most how many keys one path may name. @throws TypeError where a field of the key is none that can be spelled */
  constructor(store: Store, most: number, where: string) {
    const odd = store.key.find((field) => !fieldOf(store.schema.properties[field]))
    if (odd !== undefined) throw new TypeError(`${where}: the key '${odd}' holds no single value that a path could spell.`)
    this.#store = store
    this.#most = most
  }

  /**
   * The keys in the path of a request, each once. `set` is true where the path names a set, be it of one: `/books/1;`.
   * @throws Problem 404 where a key cannot be one of this store, 400 where there are too many
   */
  read(ctx: Context): { keys: Key[]; set: boolean } {
    const text = segmentOf(ctx)
    const parts = [...new Set(text.replace(/;$/, '').split(';'))]
    if (parts.length > this.#most) throw badRequest(`A set has at most ${this.#most} members.`)
    return { keys: parts.map((part) => this.#readOne(part)), set: text.includes(';') }
  }

  /** The key of a row as a path spells it. */
  spell(row: Row | Key): string {
    // A dot would look like the suffix that names a format.
    return this.#store.key.map((field) => encodeURIComponent(String(row[field])).replaceAll('.', '%2E')).join(',')
  }

  /** The key of a row. */
  of(row: Row): Key {
    return Object.fromEntries(this.#store.key.map((field) => [field, row[field] as Scalar]))
  }

  /** The condition that a row has one of some keys. */
  where(keys: readonly Key[]): Where {
    const [field] = this.#store.key as readonly [string]
    if (this.#store.key.length === 1) return { field, op: 'in', value: keys.map((key) => key[field] as Scalar) }
    return { or: keys.map((key) => ({ and: Object.entries(key).map(([field, value]) => ({ field, op: 'eq' as const, value })) })) }
  }

  #readOne(text: string): Key {
    const { key, schema } = this.#store
    const parts = key.length === 1 ? [text] : text.split(',')
    const values = key.map((name, index) => {
      const field = fieldOf(schema.properties[name])
      return field && parts[index] !== undefined && parts[index] !== '' ? readValue(field, decode(parts[index]), true) : undefined
    })
    if (parts.length !== key.length || values.includes(undefined)) throw notFound()
    return Object.fromEntries(key.map((name, index) => [name, values[index] as Scalar]))
  }
}

// As it was sent, because a key may hold the separators percent-encoded; without the suffix that chose a format.
function segmentOf({ req, params }: Context): string {
  const { id = '' } = params
  const raw = (req.url.split('?', 1)[0] as string).replace(/\/$/, '')
  const text = raw.slice(raw.lastIndexOf('/') + 1)
  const stem = text.slice(0, text.lastIndexOf('.'))
  return [text, stem].find((one) => decode(one) === id) ?? encodeURIComponent(id)
}
