// Wire: what a handler gives becomes what formats can write: plain objects, lists, texts, numbers, booleans and null.

import { Decimal } from './decimal.js'

/**
 * Data without `Date`, `BigInt` and objects that have a `toJSON`, as `JSON.stringify` would see it. What is plain already is given back as it is.
 * A `BigInt` becomes a number where a number holds it exactly, and its digits as a text where not: it is never rounded.
 *
 * @example toWire({ at: new Date(0), size: 5n }) // { at: '1970-01-01T00:00:00.000Z', size: 5 }
 * @throws TypeError for an object that contains itself
 */
export function toWire(data: unknown): unknown {
  return plain(data, '', undefined)
}

interface Step {
  readonly value: object
  readonly outer: Step | undefined
}

function plain(value: unknown, key: string, outer: Step | undefined): unknown {
  if (typeof value === 'bigint') return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)
  // What JSON leaves out is left out everywhere.
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Decimal) return value
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') {
    const made = toJSON.call(value, key)
    return made === value ? made : plain(made, key, outer)
  }
  for (let step = outer; step; step = step.outer) if (step.value === value) throw new TypeError('The data contains itself.')
  const here = { value, outer }
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    for (let index = 0; index < value.length; index++) {
      const made = plain(value[index], String(index), here)
      if (made !== value[index]) copy ??= value.slice()
      if (copy) copy[index] = made
    }
    return copy ?? value
  }
  if (value instanceof Map || value instanceof Set) return plain(value instanceof Map ? Object.fromEntries(value) : [...value], key, outer)
  let copy: Record<string, unknown> | undefined
  const object = value as Record<string, unknown>
  for (const name of Object.keys(object)) {
    const before = object[name]
    const made = plain(before, name, here)
    if (made !== before) {
      copy ??= { ...object }
      copy[name] = made
    }
  }
  return copy ?? object
}
