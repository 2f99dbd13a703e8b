// Wire: what a handler gives becomes what formats can write: plain objects, lists, texts, numbers, booleans and null.

import { Decimal } from './decimal.js'

/**
 * Data without `Date`, `BigInt` and objects that have a `toJSON`, as `JSON.stringify` would see it; a `Map` is an object and a `Set` a list.
 * What is plain already is given back as it is. A `BigInt` becomes a number where a number holds it exactly, and its digits as a text where not:
 * it is never rounded.
 *
 * @param exact keeps a `BigInt` that no number holds, for formats that can write it
 * @example toWire({ at: new Date(0), size: 5n }) // { at: '1970-01-01T00:00:00.000Z', size: 5 }
 * @throws TypeError for an object that contains itself
 */
export function toWire(data: unknown, exact = false): unknown {
  return plain(data, '', undefined, exact)
}

interface Step {
  readonly value: object
  readonly outer: Step | undefined
}

function plain(value: unknown, key: string | number, outer: Step | undefined, exact: boolean): unknown {
  if (typeof value !== 'object' || value === null) return plainScalar(value, exact)
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') {
    if (value instanceof Uint8Array || value instanceof Decimal) return value
    const made = toJSON.call(value, String(key))
    return made === value ? made : plain(made, key, outer, exact)
  }
  for (let step = outer; step; step = step.outer) if (step.value === value) throw new TypeError('The data contains itself.')
  if (Array.isArray(value)) return plainList(value, { value, outer }, exact)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return plainMembers(value as Record<string, unknown>, undefined, { value, outer }, exact)
  if (value instanceof Uint8Array) return value
  if (value instanceof Map || value instanceof Set) return plain(value instanceof Map ? Object.fromEntries(value) : [...value], key, outer, exact)
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return value.valueOf()
  // What a class inherits is no data, so the members of its own are copied.
  return plainMembers(value as Record<string, unknown>, { ...value }, { value, outer }, exact)
}

function plainScalar(value: unknown, exact: boolean): unknown {
  if (typeof value === 'bigint') {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value)
    return exact ? value : String(value)
  }
  // What JSON leaves out is left out everywhere.
  return typeof value === 'function' || typeof value === 'symbol' ? undefined : value
}

function plainList(list: readonly unknown[], here: Step, exact: boolean): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let index = 0; index < list.length; index++) {
    // Every place of a list is there, so what would be left out elsewhere is null.
    const made = plain(list[index], index, here, exact) ?? null
    if (made !== list[index]) {
      copy ??= list.slice()
      copy[index] = made
    }
  }
  return copy ?? list
}

function plainMembers(object: Record<string, unknown>, copy: Record<string, unknown> | undefined, here: Step, exact: boolean): object {
  for (const name of Object.keys(object)) {
    const before = object[name]
    const made = plain(before, name, here, exact)
    if (made !== before) {
      copy ??= { ...object }
      copy[name] = made
    }
  }
  return copy ?? object
}
