// Bytes as they are, under media types of your own: images, archives, documents.
import type { Mapper } from '../mapper.js'
import { unsupportedMediaType } from '../problem.js'

/**
 * A mapper for bodies and answers that are bytes: a Buffer in, any Uint8Array or stream of bytes out.
 *
 * @param types the media types, the first is the one to prefer
 * @example put: endpoint({ mapper: bytes('image/png', 'image/jpeg'), handler: ({ body }) => save(body) })
 */
export function bytes(...types: string[]): Mapper & { readonly raw: true } {
  return {
    name: 'bytes',
    types,
    charset: false,
    raw: true,
    parseBytes: (body, { type }) => {
      if (!types.includes(type)) throw unsupportedMediaType(`A body of type ${type} is not read here.`, { headers: { Accept: types.join(', ') } })
      return body
    },
    format: (data) => {
      if (data instanceof Uint8Array) return data
      throw new TypeError(`The mapper 'bytes' writes bytes, and the handler gave ${data === null ? 'null' : `something of type ${typeof data}`}.`)
    },
  }
}
