// Plain text: a string as it is, both ways. Other data are written for people to read, line by line, and are not read back.
import type { Mapper } from '../mapper.js'

/**
 * Plain text. A body is a string. A string goes out as it is; other scalars in one word; lists and objects as lines, each with its end:
 *
 *     name: Ann
 *     tags:
 *       - climber
 *       - cook
 *
 * @example mappers: [text]
 */
export const text: Mapper = {
  name: 'text',
  types: ['text/plain'],
  problemType: 'text/plain',
  untyped: true,
  parse: (text) => text,
  format: (data) => (isBranch(data) ? lines(data) : String(data)),
  async *formatRows(rows) {
    let count = 0
    for await (const row of rows) {
      count++
      yield lines([row])
    }
    if (count === 0) yield lines([])
  },
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function lines(branch: object): string {
  const out: string[] = []
  write(out, '', '', branch)
  return `${out.join('\n')}\n`
}

// The first line starts with `lead`, which may hold the dash of a list around it, all others with `indent`.
function write(out: string[], lead: string, indent: string, branch: object): void {
  const isList = Array.isArray(branch)
  const deeper = `${indent}  `
  const before = out.length
  let start = lead
  for (const [key, value] of Object.entries(branch)) {
    if (value === undefined && !isList) continue
    if (isBranch(value) && Object.keys(value).length > 0) {
      if (isList) write(out, `${start}- `, deeper, value)
      else {
        out.push(`${start}${key}:`)
        write(out, deeper, deeper, value)
      }
    } else {
      const text = isBranch(value) ? (Array.isArray(value) ? '[]' : '{}') : String(value ?? null)
      const [first, ...rest] = text.split('\n')
      if (isList) out.push(`${start}- ${first}`)
      else if (rest.length === 0) out.push(`${start}${key}: ${first}`)
      else out.push(`${start}${key}:`, `${deeper}${first}`)
      for (const line of rest) out.push(`${deeper}${line}`)
    }
    start = indent
  }
  if (out.length === before) out.push(lead + (isList ? '[]' : '{}'))
}
