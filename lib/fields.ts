// Fields: one header field of a request, without making Node put all of them into an object where nobody has asked for that.
import { IncomingMessage } from 'node:http'

const asked = Symbol('asked')

interface Watched extends IncomingMessage {
  [asked]?: boolean
}

const { get, set } = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers') as Required<PropertyDescriptor>

/** Makes requests of a prototype remember whether their `headers` have been asked for, and so may have been changed. */
export function watchFields(prototype: IncomingMessage): void {
  Object.defineProperties(prototype, {
    [asked]: { value: false, writable: true },
    headers: {
      configurable: true,
      get(this: Watched) {
        this[asked] = true
        return get.call(this)
      },
      set(this: Watched, headers) {
        this[asked] = true
        set.call(this, headers)
      },
    },
  })
}

/**
 * A header field of a request.
 * @param name in lower case
 */
export function field(req: IncomingMessage, name: string): string | undefined {
  if ((req as Watched)[asked] !== false) return req.headers[name] as string | undefined
  const { rawHeaders } = req
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const other = rawHeaders[index] as string
    if (other.length !== name.length || other.toLowerCase() !== name) continue
    // A field that is there twice is put together by Node's own rules.
    if (found !== undefined) return req.headers[name] as string | undefined
    found = rawHeaders[index + 1]
  }
  return found
}
