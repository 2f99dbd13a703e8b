// Member: sets a member of an object, whatever its name.

/** Sets a member. One named `__proto__` is a member like any other, not a way to the prototype. */
export function put(object: object, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  else (object as Record<string, unknown>)[name] = value
}
