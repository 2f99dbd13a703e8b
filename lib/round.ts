// Round: numbers that no double holds, seen as the nearest doubles, for checks that know only those.
import { Decimal } from './decimal.js'
import { put } from './member.js'

/** A copy of data whose exact numbers are rounded, and the way back. */
export interface Rounded {
  readonly data: unknown
  /** Puts the exact numbers back into the copy, and gives it. */
  readonly restore: () => unknown
}

/**
 * A copy of data with each BigInt and {@link Decimal} as the nearest double; `undefined` where there is none of them.
 * @example rounded({ n: 2n ** 60n })?.data // { n: 1152921504606846976 }
 */
export function rounded(data: unknown): Rounded | undefined {
  const exact: [holder: Record<string, unknown>, key: string, value: unknown][] = []
  const copyOf = (value: unknown, holder: Record<string, unknown>, key: string): unknown => {
    if (typeof value === 'bigint' || value instanceof Decimal) {
      exact.push([holder, key, value])
      return Number(value)
    }
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    const copy = (Array.isArray(value) ? [] : {}) as Record<string, unknown>
    for (const name of Object.keys(value)) put(copy, name, copyOf((value as Record<string, unknown>)[name], copy, name))
    return copy
  }
  const top: Record<string, unknown> = {}
  top.data = copyOf(data, top, 'data')
  if (exact.length === 0) return undefined
  const restore = (): unknown => {
    for (const [holder, key, value] of exact) put(holder, key, value)
    return top.data
  }
  return { data: top.data, restore }
}
