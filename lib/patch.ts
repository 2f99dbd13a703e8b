// Patch: changes to a JSON document, as a merge patch (RFC 7396) or as a list of operations (RFC 6902). The document given is never changed.
import { badRequest, conflict } from './problem.js'

type Node = Record<string, unknown>

/** A document with a merge patch laid over it: `null` takes a member away, a list replaces a list. @example mergePatch({ a: { b: 1, c: 2 } }, { a: { b: null } }) */
export function mergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged: Node = isObject(document) ? { ...document } : {}
  for (const name of Object.keys(patch)) {
    if (patch[name] === null) delete merged[name]
    else put(merged, name, mergePatch(Object.hasOwn(merged, name) ? merged[name] : undefined, patch[name]))
  }
  return merged
}

const mostOperations = 1000
// A document that is copied into itself doubles each time.
const mostCopied = 100_000

/**
 * A document with operations done to it, one after the other; all of them or none.
 * @throws Problem 400 where the patch is none, with a pointer into it; 409 where the document is not as the patch expects it
 */
export function jsonPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw badRequest('A JSON Patch is a list of operations.')
  if (operations.length > mostOperations) throw badRequest(`A JSON Patch has at most ${mostOperations} operations.`)
  return new Patching(document).run(operations)
}

class Patching {
  // The document stands in a member, so that its root is as good as any other place.
  readonly #holder: Node
  #copied = 0
  #index = 0

  constructor(document: unknown) {
    this.#holder = { root: structuredClone(document) }
  }

  run(operations: readonly unknown[]): unknown {
    for (const [index, operation] of operations.entries()) {
      this.#index = index
      this.#do(operation)
    }
    return this.#holder.root
  }

  #do(operation: unknown): void {
    if (!isObject(operation)) throw this.#malformed('', 'must be an object')
    const { op } = operation
    const path = this.#pointer(operation, 'path')
    if (op === 'remove') {
      this.#remove(path)
    } else if (op === 'add' || op === 'replace' || op === 'test') {
      if (!Object.hasOwn(operation, 'value')) throw this.#malformed('/value', 'is required')
      const { value } = operation
      if (op === 'add') this.#add(path, structuredClone(value))
      else if (op === 'replace') this.#replace(path, structuredClone(value))
      else if (!same(this.#get(path), value)) throw this.#unfit('is not the value that is tested for')
    } else if (op === 'move' || op === 'copy') {
      const from = this.#pointer(operation, 'from')
      if (op === 'copy') return this.#add(path, this.#copy(this.#get(from)))
      if (path.length > from.length && from.every((step, index) => step === path[index])) throw this.#malformed('/from', 'cannot be moved into itself')
      const value = this.#get(from)
      if (path.length === from.length && from.every((step, index) => step === path[index])) return
      this.#remove(from)
      this.#add(path, value)
    } else throw this.#malformed('/op', 'must be one of add, remove, replace, move, copy, test')
  }

  // RFC 6901 section 3.
  #pointer(operation: Node, member: 'path' | 'from'): string[] {
    const pointer = operation[member]
    if (typeof pointer !== 'string' || !/^(?:\/(?:[^/~]|~[01])*)*$/.test(pointer)) throw this.#malformed(`/${member}`, 'must be a JSON Pointer')
    const steps = pointer.split('/').slice(1)
    return ['root', ...steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))]
  }

  #get(path: readonly string[]): unknown {
    return path.reduce<unknown>((node, step) => {
      const key = Array.isArray(node) ? this.#place(step, node.length - 1) : step
      if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) throw this.#unfit('leads to nothing')
      return (node as Node)[key]
    }, this.#holder)
  }

  #add(path: readonly string[], value: unknown): void {
    const { parent, last } = this.#parent(path)
    if (Array.isArray(parent)) parent.splice(last === '-' ? parent.length : this.#place(last, parent.length), 0, value)
    else put(parent, last, value)
  }

  #replace(path: readonly string[], value: unknown): void {
    this.#get(path)
    const { parent, last } = this.#parent(path)
    put(parent as Node, last, value)
  }

  #remove(path: readonly string[]): void {
    this.#get(path)
    const { parent, last } = this.#parent(path)
    if (Array.isArray(parent)) parent.splice(Number(last), 1)
    else if (path.length === 1) parent.root = null
    else delete parent[last]
  }

  #parent(path: readonly string[]): { parent: Node | unknown[]; last: string } {
    const parent = path.length === 1 ? this.#holder : this.#get(path.slice(0, -1))
    if (typeof parent !== 'object' || parent === null) throw this.#unfit('leads into a value that has no members')
    return { parent: parent as Node | unknown[], last: path.at(-1) as string }
  }

  // RFC 6901 section 4: no sign, no zeros in front.
  #place(step: string, most: number): number {
    if (!/^(?:0|[1-9]\d{0,8})$/.test(step) || Number(step) > most) throw this.#unfit('leads to no place of the list')
    return Number(step)
  }

  #copy(value: unknown): unknown {
    if (++this.#copied > mostCopied) throw badRequest(`A JSON Patch copies at most ${mostCopied} values.`)
    if (Array.isArray(value)) return value.map((item) => this.#copy(item))
    if (!isObject(value)) return value
    const copy: Node = {}
    for (const name of Object.keys(value)) put(copy, name, this.#copy(value[name]))
    return copy
  }

  #malformed(place: string, detail: string): Error {
    const errors = [{ pointer: `/${this.#index}${place}`, code: 'patch', detail }]
    return badRequest('The JSON Patch is malformed.', { members: { errors } })
  }

  #unfit(detail: string): Error {
    const errors = [{ pointer: `/${this.#index}/path`, code: 'patch', detail }]
    return conflict('The JSON Patch does not fit the document.', { members: { errors } })
  }
}

function isObject(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// A member named __proto__ is a member like any other.
function put(object: Node | unknown[], name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}

/** Whether two JSON values are the same (RFC 6902 section 4.6): numbers as numbers, members in any order. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, index) => same(item, other[index]))
  if (!isObject(one) || !isObject(other)) return false
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
}
