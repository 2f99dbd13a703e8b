// Conditions: from the tree that a client wrote to a Where. Each name is looked up among what the caller may ask, each value is read as its field holds it.
import { type Askable, asEqual, type Complain, operatorsOf, type Spot, split } from './askable.js'
import { type Field, fieldOf, readValue, type Scalar } from './value.js'
import { allOf, type Condition, type Operator, type Where } from './where.js'

/** How a tree is read. */
export interface TreeOptions {
  /** Whether values are text as in a URL, or data as in JSON. */
  readonly textual: boolean
  /** The place of a member of the tree. */
  readonly spot: (steps: readonly string[]) => Spot
  readonly complain: Complain
  /** The deepest nesting. */
  readonly depth: number
  /** The longest list of `in`, `nin`. */
  readonly list: number
  /** Counts conditions over all trees of a request; complains by itself. */
  readonly count: (spot: Spot) => void
}

/** Reads the tree that a client wrote. What is wrong is complained about, and left out of what comes back. */
export function readTree(tree: unknown, askable: Askable, options: TreeOptions): Where {
  return new TreeReader(askable, options).level(tree, { askable, prefix: '' }, [], 1)
}

/** One table on the way along a path. */
interface Level {
  readonly askable: Askable
  /** How the path began: `author.` */
  readonly prefix: string
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

class TreeReader {
  readonly #root: Askable
  readonly #options: TreeOptions

  constructor(root: Askable, options: TreeOptions) {
    this.#root = root
    this.#options = options
  }

  level(tree: unknown, level: Level, steps: readonly string[], depth: number): Where {
    if (depth > this.#options.depth) return this.#refuse(steps, 'limit', `is nested more than ${this.#options.depth} levels deep`)
    if (!isObject(tree)) return this.#refuse(steps, 'type', 'must be conditions by name')
    // What holds always counts too, or a tree of nothing could be of any size.
    if (Object.keys(tree).length === 0) this.#options.count(this.#options.spot(steps))
    const parts = Object.keys(tree).map((name) => this.#member(name, tree[name], level, [...steps, name], depth))
    return parts.length === 1 ? (parts[0] as Where) : { and: parts }
  }

  #member(name: string, value: unknown, level: Level, steps: readonly string[], depth: number): Where {
    if (name === 'not') return { not: this.level(value, level, steps, depth + 1) }
    if (name === 'and' || name === 'or') {
      const list = this.#branches(value, steps)
      if (list.length === 0) this.#options.count(this.#options.spot(steps))
      const branches = list.map(([place, tree]) => this.level(tree, level, [...steps, place], depth + 1))
      return name === 'and' ? { and: branches } : { or: branches }
    }
    const [step, rest] = split(name)
    const next = this.#related(step, level)
    if (next) {
      const inner = rest === undefined ? this.level(value, next, steps, depth + 1) : this.#member(rest, value, next, steps, depth + 1)
      return { relation: step, where: allOf(next.askable.scope, inner) as Where }
    }
    const field = rest === undefined ? this.#field(name, level) : undefined
    if (!field) return this.#refuse(steps, 'unknown', 'is nothing to filter by')
    return this.#conditions(name, field, value, steps)
  }

  // In a URL the branches are numbered: filter[or][0][name]=x.
  #branches(value: unknown, steps: readonly string[]): [place: string, tree: unknown][] {
    if (Array.isArray(value) && !this.#options.textual) return value.map((tree, index) => [String(index), tree])
    if (isObject(value) && this.#options.textual && Object.keys(value).every((place) => /^\d{1,4}$/.test(place))) return Object.entries(value)
    this.#refuse(steps, 'type', 'must be a list of conditions')
    return []
  }

  #related(name: string, { askable, prefix }: Level): Level | undefined {
    const path = `${prefix}${name}.`
    if (!this.#root.filterable.some((known) => known.startsWith(path))) return undefined
    const next = askable.relation(name)
    return next && { askable: next, prefix: path }
  }

  #field(name: string, { askable, prefix }: Level): Field | undefined {
    return this.#root.filterable.includes(prefix + name) && askable.fields.includes(name) ? fieldOf(askable.store.schema.properties[name]) : undefined
  }

  #conditions(field: string, facts: Field, value: unknown, steps: readonly string[]): Where {
    if (!isObject(value)) return this.#condition(field, facts, Array.isArray(value) ? 'in' : 'eq', value, steps)
    const parts = Object.keys(value).map((name) => {
      const known = operatorsOf(facts.kind).find((operator) => operator === name)
      if (known) return this.#condition(field, facts, known, value[name], [...steps, name])
      return this.#refuse([...steps, name], 'operator', `is no operator here; ${operatorsOf(facts.kind).join(', ')} are`)
    })
    return parts.length === 1 ? (parts[0] as Where) : { and: parts }
  }

  #condition(field: string, facts: Field, op: Operator, value: unknown, steps: readonly string[]): Where {
    const { textual, count, spot, list: longest } = this.#options
    count(spot(steps))
    if (value === null && (op === 'eq' || op === 'ne')) return { field, op: 'null', value: op === 'eq' }
    if (op === 'null') {
      const wanted = readValue({ kind: 'boolean', nullable: false }, value, textual)
      return wanted === undefined ? this.#refuse(steps, 'type', 'must be true or false') : { field, op, value: wanted }
    }
    if (op !== 'in' && op !== 'nin' && op !== 'between') {
      const read = this.#value(facts, op, value)
      return read === undefined ? this.#wrong(facts, op, steps) : ({ field, op, value: read } satisfies Condition)
    }
    const list = textual && typeof value === 'string' ? value.split(',') : value
    if (!Array.isArray(list)) return this.#refuse(steps, 'type', 'must be a list')
    if (list.length > longest) return this.#refuse(steps, 'limit', `has more than ${longest} values`)
    if (op === 'between' && list.length !== 2) return this.#refuse(steps, 'type', 'must be two values')
    const read = list.map((one) => this.#value(facts, op, one))
    return read.some((one) => one === undefined) ? this.#wrong(facts, op, steps) : { field, op, value: read as Scalar[] }
  }

  // What stands in part of a text need not be a whole one.
  #value(facts: Field, op: Operator, value: unknown): Scalar | undefined {
    return readValue(asEqual.includes(op) ? facts : { kind: facts.kind, nullable: false }, value, this.#options.textual)
  }

  #wrong({ kind, choices }: Field, op: Operator, steps: readonly string[]): Where {
    const what = choices ? `one of ${choices.join(', ')}` : kind === 'text' ? 'a text' : `of kind ${kind}`
    return this.#refuse(steps, 'type', op === 'in' || op === 'nin' || op === 'between' ? `must hold only values that are ${what}` : `must be ${what}`)
  }

  #refuse(steps: readonly string[], code: string, detail: string): Where {
    this.#options.complain(this.#options.spot(steps), code, detail)
    return { or: [] }
  }
}

/** What was written in brackets, without a prototype. */
export interface Tree {
  [step: string]: Tree | string | string[]
}

/** Puts a parameter into the tree. filter[a]=x beside filter[a][gt]=y means both; a repeated parameter is a list, and so is filter[a][]=x. */
export function grow(tree: Tree, steps: readonly string[], value: unknown): void {
  const [step = '', ...rest] = steps
  const text = value as string | string[]
  const listed = rest.length === 1 && rest[0] === ''
  if (rest.length === 0 || listed) {
    const leaf = listed && typeof text === 'string' ? [text] : text
    const before = tree[step]
    if (before === undefined) tree[step] = leaf
    else if (typeof before === 'object' && !Array.isArray(before)) before[Array.isArray(leaf) ? 'in' : 'eq'] = leaf
    else tree[step] = [before, leaf].flat()
    return
  }
  const before = tree[step]
  let inner = before as Tree
  if (typeof before !== 'object' || Array.isArray(before)) {
    inner = Object.create(null) as Tree
    if (before !== undefined) inner[Array.isArray(before) ? 'in' : 'eq'] = before
    tree[step] = inner
  }
  grow(inner, rest, value)
}
