// JSON (RFC 8259), the first of the built-in mappers. Numbers are doubles, as JSON.parse gives them; with `exact` those that
// no double holds are kept as a BigInt or a Decimal, both ways.
import { randomUUID } from 'node:crypto'
import type { Mapper } from '../mapper.js'
import { badRequest } from '../problem.js'

/** How JSON is read and written. */
export interface JsonOptions {
  /** Spaces of indentation in what is written. @default 0 */
  indent?: number
  /** The deepest nesting that is read. @default 100 */
  depth?: number
  /** Whether numbers that no double holds are kept: large integers as BigInt, others as {@link Decimal}. @default false */
  exact?: boolean
}

/** A JSON mapper with options of your own. @example mappers: [jsonWith({ indent: 2 }), xml] */
export function jsonWith({ indent = 0, depth = 100, exact = false }: JsonOptions = {}): Mapper {
  const write = (data: unknown, stringify: (data: unknown) => string): string => {
    if (exact) return stringifyExact(data, stringify, indent)
    return indent > 0 ? JSON.stringify(JSON.parse(stringify(data)), null, indent) : stringify(data)
  }
  return {
    name: 'json',
    types: ['application/json'],
    reads: ['text/json'],
    suffix: '+json',
    problemType: 'application/problem+json',
    parse: (text) => (exact ? parseExact(text, depth) : parseJson(text, depth)),
    format: (data, { stringify }) => write(data, stringify),
    async *formatRows(rows, { stringify }) {
      // Each row is written as a list of one, because that is what a serializer made for the list knows to write.
      let before = '['
      for await (const row of rows) {
        const list = write([row], stringify)
        yield before + list.slice(1, indent > 0 ? -2 : -1)
        before = ','
      }
      if (before === '[') yield '[]'
      else yield indent > 0 ? '\n]' : ']'
    },
  }
}

/** JSON as it comes out of the box. */
export const json: Mapper = jsonWith()

/**
 * Reads JSON, at most `depth` levels deep, and without keys that would reach for a prototype.
 * @throws Problem 400 for these two, SyntaxError for what is not JSON
 */
export function parseJson(text: string, depth: number): unknown {
  if (isDeep(text, depth)) throw badRequest(`The JSON is nested more than ${depth} levels deep.`)
  const data: unknown = JSON.parse(text)
  // A key can be spelled with escapes, so a text with either is looked through after parsing.
  if ((text.includes('__proto__') || text.includes('constructor') || text.includes('\\u')) && reachesPrototype(data)) {
    throw badRequest('The JSON has a key that is not taken: __proto__, or prototype in constructor.')
  }
  return data
}

// Counting opening brackets is quick and settles nearly all texts; only one with more of them than levels is read closely.
function isDeep(text: string, depth: number): boolean {
  let openings = 0
  for (let index = text.indexOf('{'); index >= 0 && openings <= depth; index = text.indexOf('{', index + 1)) openings++
  for (let index = text.indexOf('['); index >= 0 && openings <= depth; index = text.indexOf('[', index + 1)) openings++
  if (openings <= depth) return false
  let level = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      if (++level > depth) return true
    } else if (code === 0x7d || code === 0x5d) level--
  }
  return false
}

function reachesPrototype(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false
  if (Array.isArray(data)) return data.some(reachesPrototype)
  if (Object.hasOwn(data, '__proto__')) return true
  const maker: unknown = Object.hasOwn(data, 'constructor') ? data.constructor : undefined
  if (typeof maker === 'object' && maker !== null && Object.hasOwn(maker, 'prototype')) return true
  return Object.values(data).some(reachesPrototype)
}

const numeral = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * A number as it was written, digit by digit. It counts as the nearest double in arithmetic and in JSON that is not exact;
 * `String(decimal)` is what a library for decimals takes.
 *
 * @example new Decimal('0.10000000000000000001')
 * @throws SyntaxError for what is not a number of JSON
 */
export class Decimal {
  readonly text: string

  constructor(text: string) {
    if (!numeral.test(text)) throw new SyntaxError(`${JSON.stringify(text.slice(0, 100))} is not a number.`)
    this.text = text
  }

  toString(): string {
    return this.text
  }

  valueOf(): number {
    return Number(this.text)
  }

  toJSON(): number {
    return Number(this.text)
  }
}

/** A numeral as a number where that is safe and exact, else as a BigInt or a {@link Decimal}; `undefined` for what is no numeral of JSON. */
export function readNumber(text: string): number | bigint | Decimal | undefined {
  if (!numeral.test(text)) return undefined
  const value = Number(text)
  if (!/[.eE]/.test(text)) return Number.isSafeInteger(value) ? value : text.length > longestInteger ? new Decimal(text) : BigInt(text)
  // Any 15 digits go through a double unharmed; beyond that it has to write itself the same.
  const digits = text.replace(/[eE].*|\D/g, '').replace(/^0+/, '')
  const exact = Number.isFinite(value) && (digits.length <= 15 || String(value) === text) && (value !== 0 || digits === '')
  return exact ? value : new Decimal(text)
}

// Reading a BigInt takes more than linear time.
const longestInteger = 1000

const stringsAndNumerals = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/** {@link parseJson}, with every number exact. @throws Problem 400, SyntaxError */
export function parseExact(text: string, depth: number): unknown {
  const data = parseJson(text, depth)
  // Whatever is not exact goes through JSON.parse as a string with a mark that nobody can know beforehand.
  const mark = randomUUID()
  let marked = 0
  const exact = text.replace(stringsAndNumerals, (token) => {
    if (token.startsWith('"') || typeof readNumber(token) === 'number') return token
    marked++
    return `"${mark}${token}"`
  })
  if (marked === 0) return data
  return JSON.parse(exact, (_, value) => (typeof value === 'string' && value.startsWith(mark) ? readNumber(value.slice(mark.length)) : value))
}

// What `stringify` writes decides which members there are; only their numbers are taken from the data.
function stringifyExact(data: unknown, stringify: (data: unknown) => string, indent: number): string {
  const rounded = stringify(JSON.parse(JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? Number(value) : value))))
  const mark = randomUUID()
  const text = JSON.stringify(restore(JSON.parse(rounded), data, mark), null, indent)
  return text.replaceAll(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1')
}

function restore(written: unknown, meant: unknown, mark: string): unknown {
  if (typeof meant === 'bigint' || meant instanceof Decimal) return mark + meant
  if (typeof written !== 'object' || written === null || typeof meant !== 'object' || meant === null) return written
  const source = ('toJSON' in meant && typeof meant.toJSON === 'function' ? meant.toJSON() : meant) as Record<string, unknown>
  if (Array.isArray(written)) return written.map((value, index) => restore(value, source[index], mark))
  return Object.fromEntries(Object.entries(written).map(([key, value]) => [key, restore(value, source[key], mark)]))
}
