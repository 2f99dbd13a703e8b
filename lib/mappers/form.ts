// Forms (application/x-www-form-urlencoded, the URL standard section 5). All values are text; names with brackets build lists
// and objects, within limits that are counted while reading.
import type { Mapper } from '../mapper.js'
import { badRequest, type Problem } from '../problem.js'

/** The limits of a form. Beyond any of them it is a 400. */
export interface FormOptions {
  /** The most fields. Also the end of what may be counted in brackets. @default 1000 */
  fields?: number
  /** The most brackets in a name. @default 5 */
  depth?: number
  /** The longest name, in characters. @default 100 */
  nameLength?: number
  /** Whether answers are written as forms too. Only an object fits into one, so a client could ask for what cannot be given. @default false */
  writes?: boolean
}

/** A mapper for forms with limits of your own. @example mappers: [json, formWith({ fields: 50 })] */
export function formWith({ fields = 1000, depth = 5, nameLength = 100, writes = false }: FormOptions = {}): Mapper {
  return {
    name: 'form',
    types: ['application/x-www-form-urlencoded'],
    untyped: true,
    parse: (text) => parseForm(text, { fields, depth, nameLength }),
    ...(writes && { format: formatForm }),
  }
}

/**
 * Forms as they come out of the box: read, not written.
 *
 * | name | what it builds |
 * |---|---|
 * | `a=1&a=2`, `a[]=1&a[]=2`, `a[0]=1&a[1]=2` | `{ a: ['1', '2'] }`; gaps between numbers close |
 * | `a[b]=1&a[c]=2` | `{ a: { b: '1', c: '2' } }` |
 * | `a[][b]=1&a[][b]=2` | `{ a: [{ b: '1' }, { b: '2' }] }` |
 * | `a[`, `a[b]c`, `a.b` | a plain name |
 *
 * What cannot be both, as in `a=1&a[b]=2`, is a 400. Broken percent signs stay as they are, bytes that are not UTF-8 become U+FFFD.
 * Where they are written, lists are numbered and null is empty; an empty list or object has no field that could show it.
 *
 * @example mappers: [form]
 */
export const form: Mapper = formWith()

function parseForm(text: string, { fields, depth, nameLength }: Required<Omit<FormOptions, 'writes'>>): unknown {
  const root = new Branch(false)
  let count = 0
  // A leading & is no field; it keeps URLSearchParams from taking a question mark away.
  for (const [name, value] of new URLSearchParams(`&${text}`)) {
    if (++count > fields) throw badRequest(`The form has more than ${fields} fields.`)
    if (name.length > nameLength) throw badRequest(`The form has a name of more than ${nameLength} characters.`)
    const keys = keysOf(name)
    if (keys.length > depth + 1) throw badRequest(`The form has a name with more than ${depth} brackets.`)
    if (keys.some((key, index) => key === '__proto__' || (key === 'prototype' && keys[index - 1] === 'constructor')))
      throw badRequest('The form has a name that is not taken: __proto__, or prototype in constructor.')
    root.put(keys, value, { name, fields })
  }
  return root.toData()
}

const bracketed = /^([^[\]]+)((?:\[[^[\]]*\])+)$/

function keysOf(name: string): string[] {
  const [, first, brackets] = bracketed.exec(name) ?? []
  return first === undefined || brackets === undefined ? [name] : [first, ...brackets.slice(1, -1).split('][')]
}

interface Field {
  readonly name: string
  readonly fields: number
}

/** A list or an object in the making. */
class Branch {
  readonly isList: boolean
  readonly #children = new Map<string | number, string | Branch>()
  #next = 0

  constructor(isList: boolean) {
    this.isList = isList
  }

  put([key = '', ...rest]: string[], value: string, field: Field): void {
    const at = this.isList ? this.#index(key, field) : key
    let child = this.#children.get(at)
    // A name that comes again is one with empty brackets.
    const [below, ...deeper] = rest.length === 0 && child !== undefined ? [''] : rest
    if (below === undefined) {
      this.#children.set(at, value)
      return
    }
    const isList = isIndex(below)
    if (typeof child !== 'object') {
      const first = child
      child = new Branch(isList)
      if (first !== undefined && below !== '') throw conflict(field)
      if (first !== undefined) child.put([''], first, field)
      this.#children.set(at, child)
    }
    if (child.isList !== isList) throw conflict(field)
    child.put([below, ...deeper], value, field)
  }

  toData(): unknown {
    const entries = [...this.#children].map(([key, child]) => [key, typeof child === 'string' ? child : child.toData()] as const)
    if (!this.isList) return Object.fromEntries(entries)
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => child)
  }

  #index(key: string, { name, fields }: Field): number {
    const index = key === '' ? this.#next : Number(key)
    if (index >= fields) throw badRequest(`The form counts to more than ${fields} in ${JSON.stringify(name)}.`)
    this.#next = Math.max(this.#next, index + 1)
    return index
  }
}

function isIndex(key: string): boolean {
  return /^\d*$/.test(key)
}

function conflict({ name }: Field): Problem {
  return badRequest(`The form has ${JSON.stringify(name)} beside a field that makes it something else.`)
}

function formatForm(data: unknown): string {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new TypeError('A form is written of an object.')
  const out = new URLSearchParams()
  for (const [key, value] of Object.entries(data)) {
    if (bracketed.test(key)) throw new TypeError(`A form cannot hold the name ${JSON.stringify(key)}.`)
    add(out, key, value)
  }
  return out.toString()
}

function add(out: URLSearchParams, name: string, value: unknown): void {
  if (value === undefined) return
  if (typeof value !== 'object' || value === null) return out.append(name, String(value ?? ''))
  for (const [key, child] of Object.entries(value)) {
    if (!Array.isArray(value) && (isIndex(key) || /[[\]]/.test(key))) throw new TypeError(`A form cannot hold the name ${JSON.stringify(key)} in ${name}.`)
    add(out, `${name}[${key}]`, child)
  }
}
