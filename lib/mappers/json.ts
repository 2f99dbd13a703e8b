// JSON (RFC 8259), the first of the built-in mappers. Numbers are doubles, as JSON.parse gives them; with `exact` those that
// no double holds are kept as a BigInt or a Decimal, both ways.
import { randomUUID } from 'node:crypto'
import { Decimal, readNumber } from '../decimal.js'
import { parseJson } from '../json.js'
import type { Mapper } from '../mapper.js'

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
      let before = '['
      for await (const row of rows) {
        const text = write(row, stringify)
        yield indent > 0 ? `${before}\n${text.replaceAll(/^/gm, ' '.repeat(indent))}` : before + text
        before = ','
      }
      if (before === '[') yield '[]'
      else yield indent > 0 ? '\n]' : ']'
    },
  }
}

/** JSON as it comes out of the box. */
export const json: Mapper = jsonWith()

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
  if (typeof meant === 'bigint' || meant instanceof Decimal) return mark + String(meant)
  if (typeof written !== 'object' || written === null || typeof meant !== 'object' || meant === null) return written
  const source = ('toJSON' in meant && typeof meant.toJSON === 'function' ? meant.toJSON() : meant) as Record<string, unknown>
  if (Array.isArray(written)) return written.map((value, index) => restore(value, source[index], mark))
  return Object.fromEntries(Object.entries(written).map(([key, value]) => [key, restore(value, source[key], mark)]))
}
