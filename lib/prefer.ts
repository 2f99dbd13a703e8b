// Prefer: what a client would like, where the server can (RFC 7240).

/**
 * The value of one preference, in lower case; the first where it is named twice (RFC 7240 section 2), `undefined` where it is not there.
 * @example preference('return=minimal; x=1, count=none', 'return') // 'minimal'
 */
export function preference(header: string | string[] | undefined, name: string): string | undefined {
  for (const part of String(header ?? '').split(',')) {
    const [given = '', value = ''] = (part.split(';', 1)[0] as string).split('=')
    if (given.trim().toLowerCase() === name) return value.trim().replaceAll('"', '').toLowerCase()
  }
  return undefined
}
