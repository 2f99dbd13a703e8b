// JSON (RFC 8259), the first of the built-in mappers.
import type { Mapper } from '../mapper.js'
import { badRequest } from '../problem.js'

/** How JSON is read and written. */
export interface JsonOptions {
  /** Spaces of indentation in what is written. @default 0 */
  indent?: number
  /** The deepest nesting that is read. @default 100 */
  depth?: number
}

/** A JSON mapper with options of your own. @example mappers: [jsonWith({ indent: 2 }), xml] */
export function jsonWith({ indent = 0, depth = 100 }: JsonOptions = {}): Mapper {
  return {
    name: 'json',
    types: ['application/json'],
    reads: ['text/json'],
    suffix: '+json',
    problemType: 'application/problem+json',
    parse: (text) => parseJson(text, depth),
    format: indent > 0 ? (data, { stringify }) => JSON.stringify(JSON.parse(stringify(data)), null, indent) : (data, { stringify }) => stringify(data),
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
  const { constructor } = data as Record<string, unknown>
  if (Object.hasOwn(data, 'constructor') && typeof constructor === 'object' && constructor !== null && Object.hasOwn(constructor, 'prototype')) return true
  return Object.values(data).some(reachesPrototype)
}
