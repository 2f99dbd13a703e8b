// Unique: whether a list holds a value twice, in time that grows with the list and not with its square.

/**
 * Two places of a list that hold equal values, the later one first; `undefined` where there are none. Objects are equal whatever the order of their members.
 * @example twins([1, { a: 1, b: 2 }, { b: 2, a: 1 }]) // [2, 1]
 */
export function twins(list: readonly unknown[]): readonly [number, number] | undefined {
  const places = new Map<string, number>()
  for (let index = 0; index < list.length; index++) {
    const key = keyOf(list[index])
    const before = places.get(key)
    if (before !== undefined) return [index, before]
    places.set(key, index)
  }
  return undefined
}

// One text for equal values, and for no others.
function keyOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? `${value}n` : String(value)
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`
  const object = value as Record<string, unknown>
  const names = Object.keys(object).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${keyOf(object[name])}`).join()}}`
}
