// JSON as it is read everywhere: bounded in depth, and without keys that would reach for a prototype.
import { badRequest } from './problem.js'

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
