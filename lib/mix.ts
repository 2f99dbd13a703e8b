// Mix: two definitions become one, path by path and verb by verb. What other houses call a mixin.
import { Only, type Use } from './filter.js'
import type { ErrorRule } from './problem.js'

/**
 * Joins definitions path by path and verb by verb; a later one wins, `use` and `errors` add up, `meta` is laid over.
 * @example app.use(resource('notes', mix(crud(store), { '/:id/send': { post: send } })))
 */
export function mix<A extends object, B extends object>(first: A, second: B): Mixed<A, B>
export function mix<A extends object, B extends object, C extends object>(first: A, second: B, third: C): Mixed<Mixed<A, B>, C>
export function mix<A extends object, B extends object, C extends object, D extends object>(
  first: A,
  second: B,
  third: C,
  fourth: D,
): Mixed<Mixed<Mixed<A, B>, C>, D>
export function mix(...definitions: object[]): object {
  return definitions.reduce((first, second) => join(first as Record<string, unknown>, second as Record<string, unknown>))
}

/** What {@link mix} makes of two definitions. */
export type Mixed<A, B> = Flat<
  { [Key in keyof A as Key extends keyof B ? never : Key]: A[Key] } & { [Key in keyof B]: Key extends keyof A ? Joined<Key, A[Key], B[Key]> : B[Key] }
>

type Joined<Key, First, Second> = Key extends `/${string}` ? Mixed<NonNullable<First>, NonNullable<Second>> : Second
type Flat<T> = { [Key in keyof T]: T[Key] }

function join(first: Record<string, unknown>, second: Record<string, unknown>): Record<string, unknown> {
  const joined = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const before = first[key]
    if (before === undefined || value === undefined) joined[key] = value ?? before
    else if (key.startsWith('/')) joined[key] = join(before as Record<string, unknown>, value as Record<string, unknown>)
    else if (key === 'use')
      joined[key] =
        value instanceof Only ? value : before instanceof Only ? new Only([...before.list, ...(value as Use[])]) : [...(before as Use[]), ...(value as Use[])]
    else if (key === 'errors') joined[key] = [...(value as ErrorRule[]), ...(before as ErrorRule[])]
    else if (key === 'meta') joined[key] = { ...(before as object), ...(value as object) }
    else joined[key] = value
  }
  return joined
}
